import { homedir, hostname } from "node:os";
import { dirname } from "node:path";
import type { Repository } from "./repository.ts";

const BINARY = /\.(png|jpe?g|webp|gif|ico|woff2?|safetensors|onnx|parquet|zst|gz|zip|bin|npy)$/;

interface Forbidden {
  readonly pattern: RegExp;
  readonly what: string;
}

/** No committed file may hold a path or name of the machine it was written on, a registry's host, or a merge's leftovers. */
export function checkWords(repository: Repository): string[] {
  const forbidden = [...machineWords(repository.root), ...ALWAYS];
  return repository.files
    .filter((file) => !BINARY.test(file))
    .flatMap((file) => {
      const text = repository.read(file);
      return forbidden.flatMap(({ pattern, what }) => {
        const at = text.search(pattern);
        return at === -1 ? [] : [`${file}:${text.slice(0, at).split("\n").length} holds ${what}`];
      });
    });
}

const ALWAYS: readonly Forbidden[] = [
  { pattern: /(?<![\w.])\/(home|Users)\/[a-z][\w-]*\//, what: "a home folder's path" },
  { pattern: /(?<![\w.])\/root\//, what: "the path of root's home folder" },
  { pattern: /\b[A-Z]:\\Users\\/, what: "a home folder's path" },
  { pattern: /\bregistry\.[\w-]+\.[a-z]{2,}/, what: "the name of a registry's host" },
  { pattern: /^(<{7}|>{7}) /m, what: "a merge conflict" },
];

/** Paths and name of this machine, as far as they are telling: the clone, the folder that holds it, the home folder, the host. */
function machineWords(root: string): Forbidden[] {
  const telling = [root, dirname(root), homedir()].filter((path) => !["/", "/tmp", "/root", "/home", "/var/tmp"].includes(path));
  const paths = telling.map((path) => ({ pattern: new RegExp(`(?<![\\w.])${escape(path)}(?![\\w-])`), what: "a path of this machine" }));
  const host = hostname();
  if (host.length < 8) return paths;
  return [...paths, { pattern: new RegExp(`\\b${escape(host)}\\b`), what: "the name of this machine" }];
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
