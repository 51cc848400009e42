import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";

/** A commit of the server's only repository. */
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** Files from this size on lie in the large file store, as on the hub. Bytes. */
const LARGE = 20_000;

/** How the server behaves. Fields may be changed while it runs. */
export interface HubBehaviour {
  /** What every request is answered with, in place of an answer. */
  status?: number;
  /** Only requests with this token are answered; others get 401. */
  token?: string;
  /** Ends the connection after so many bytes of large files, once. */
  cutAfter?: number;
  /** Sends no more after so many bytes of large files, once. */
  stallAfter?: number;
  /** Changes a byte of this file. */
  damaged?: string;
  /** The branch's commit. */
  commit?: string;
}

/** A hub on loopback that holds one model. */
export interface HubServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly behaviour: HubBehaviour;
  /** `GET path range` of every request so far. */
  readonly requests: string[];
  /** Requests for large files that carried a token. */
  readonly leaked: string[];
}

interface Stored {
  readonly path: string;
  readonly bytes: Buffer;
  readonly oid: string;
  readonly sha256: string;
}

/** Serves a folder as a model, or with `datasets/org/name` as a dataset, with the endpoints that `@huggingface/hub` asks: model information, tree, resolve, and a store of its own for large files. */
export async function startHub(repository: string, folder: string, behaviour: HubBehaviour = {}): Promise<HubServer> {
  const files = await readFiles(folder);
  const [requests, leaked]: [string[], string[]] = [[], []];
  const store = createServer((request, response) => {
    requests.push(describe(request));
    if (request.headers.authorization !== undefined) leaked.push(describe(request));
    const file = files.find(({ sha256 }) => request.url === `/${sha256}`);
    send(request, response, file?.bytes ?? Buffer.alloc(0), behaviour);
  });
  const storeAddress = await listen(store);
  const server = createServer((request, response) => {
    requests.push(describe(request));
    answer(request, response, { repository, files, behaviour, storeAddress });
  });
  const endpoint = await listen(server);
  const close = async (): Promise<void> => void (await Promise.all([server, store].map(stop)));
  return { endpoint, behaviour, requests, leaked, [Symbol.asyncDispose]: close };
}

interface Answering {
  /** `org/name` of a model, `datasets/org/name` of a dataset. */
  readonly repository: string;
  readonly files: readonly Stored[];
  readonly behaviour: HubBehaviour;
  readonly storeAddress: string;
}

function answer(request: IncomingMessage, response: ServerResponse, { repository, files, behaviour, storeAddress }: Answering): void {
  const { status, token, commit = COMMIT } = behaviour;
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
  if (status !== undefined) return json(response, status, { error: "as the test wants it" });
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
    return json(response, 401, { error: "Access is restricted" });
  const api = `/api/${repository.startsWith("datasets/") ? repository : `models/${repository}`}`;
  const name = repository.replace(/^datasets\//, "");
  if ([`${api}/revision/main`, `${api}/revision/${commit}`].includes(path)) {
    return json(response, 200, { _id: "1", id: name, sha: commit, private: false, gated: false, lastModified: "2026-01-01T00:00:00.000Z" });
  }
  if (path === `${api}/tree/${commit}`) {
    const isDeep = new URL(request.url ?? "/", "http://localhost").searchParams.get("recursive") === "true";
    return json(response, 200, files.filter((file) => isDeep || !file.path.includes("/")).map(treeEntry));
  }
  response.setHeader("X-Repo-Commit", commit);
  const resolved =
    [commit, "main"].map((revision) => `/${repository}/resolve/${revision}/`).find((begin) => path.startsWith(begin)) ?? "none";
  const file = path.startsWith(resolved) ? files.find((stored) => stored.path === path.slice(resolved.length)) : undefined;
  if (file === undefined) {
    response.setHeader("X-Error-Code", path.startsWith(resolved) ? "EntryNotFound" : "RepoNotFound");
    return json(response, 404, { error: "not found" });
  }
  const damaged = behaviour.damaged === file.path ? Buffer.from(file.bytes).fill(0x55, 0, 1) : undefined;
  if (file.bytes.length < LARGE || damaged !== undefined) {
    response.setHeader("ETag", `"${file.oid}"`);
    return send(request, response, damaged ?? file.bytes, behaviour);
  }
  response.setHeader("X-Linked-Size", file.bytes.length);
  response.setHeader("X-Linked-ETag", `"${file.sha256}"`);
  if (request.headers.accept?.includes("application/vnd.xet-fileinfo+json") === true) {
    response.setHeader("X-Xet-Hash", file.sha256);
    response.setHeader("Link", `<${storeAddress}/auth>; rel="xet-auth", <${storeAddress}/chunks>; rel="xet-reconstruction-info"`);
    response.writeHead(200, { "Content-Type": "application/vnd.xet-fileinfo+json" });
    return void response.end("{}");
  }
  response.writeHead(302, { Location: `${storeAddress}/${file.sha256}` });
  response.end();
}

function treeEntry({ path, bytes, oid, sha256 }: Stored): unknown {
  const lfs = bytes.length < LARGE ? {} : { lfs: { oid: sha256, size: bytes.length, pointerSize: 130 } };
  return { type: "file", path, size: bytes.length, oid, ...lfs };
}

function send(request: IncomingMessage, response: ServerResponse, bytes: Buffer, behaviour: HubBehaviour): void {
  const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const part = bytes.subarray(Number(from), to === "" ? bytes.length : Number(to) + 1);
  if (request.headers.range !== undefined) {
    response.setHeader("Content-Range", `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`);
    response.statusCode = 206;
  }
  response.setHeader("Content-Length", part.length);
  if (!response.hasHeader("ETag")) response.setHeader("ETag", '"large"');
  const { cutAfter, stallAfter } = behaviour;
  if (stallAfter !== undefined && part.length > stallAfter) {
    delete behaviour.stallAfter;
    return void response.write(part.subarray(0, stallAfter));
  }
  if (cutAfter === undefined || part.length <= cutAfter) return void response.end(part);
  delete behaviour.cutAfter;
  response.write(part.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 100));
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value));
}

async function readFiles(folder: string): Promise<Stored[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const names = entries.flatMap((entry) => (entry.isFile() ? [relative(folder, join(entry.parentPath, entry.name))] : []));
  return Promise.all(
    names.map(async (path) => {
      const bytes = await readFile(join(folder, path));
      const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
      return { path, bytes, oid, sha256: createHash("sha256").update(bytes).digest("hex") };
    }),
  );
}

function describe({ method, url, headers: { range } }: IncomingMessage): string {
  return [method, url, ...(range === undefined ? [] : [range])].join(" ");
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => void server.close(() => resolve()));
}
