import { posix } from "node:path";
import { isTest, type Repository } from "./repository.ts";

/** A room of `src/`: which rooms it may import, and the order of its parts where one is laid down. */
interface Room {
  readonly imports: readonly RoomName[];
  /** Folders in order: each may import those before it. Files at the room's own level come last and may import every part. */
  readonly parts?: readonly string[];
}

type RoomName =
  | "errors"
  | "files"
  | "random"
  | "inputs"
  | "engine"
  | "model"
  | "data"
  | "embed"
  | "train"
  | "eval"
  | "dashboard"
  | "search"
  | "server"
  | "cli";

const BASE = ["errors", "files", "random", "inputs"] as const;

/** The house: docs/decisions/0001-rooms.md says why it is drawn so. */
export const ROOMS: Readonly<Record<RoomName, Room>> = {
  errors: { imports: [] },
  files: { imports: ["errors"] },
  random: { imports: ["errors"] },
  inputs: { imports: ["errors"] },
  engine: { imports: ["errors", "files", "random"], parts: ["tensor", "graph", "autodiff", "onnx", "runtime"] },
  model: { imports: [...BASE, "engine"], parts: ["formats", "nn", "paths", "multimodal", "backbones", "folder"] },
  data: { imports: BASE },
  embed: { imports: [...BASE, "engine", "model"] },
  train: { imports: [...BASE, "engine", "model", "data", "embed"] },
  eval: { imports: [...BASE, "engine", "data", "embed"] },
  dashboard: { imports: [...BASE, "train", "eval"] },
  search: { imports: [...BASE, "engine", "model", "embed"] },
  server: { imports: [...BASE, "embed", "search"] },
  cli: { imports: [...BASE, "engine", "model", "data", "embed", "train", "eval", "dashboard", "search", "server"] },
};

/** Checks that every import within `src/` goes down. @returns one sentence per import that does not. */
export function checkRooms(repository: Repository): string[] {
  return repository.sources("src/").flatMap((file) =>
    repository.facts(file).imports.flatMap(({ text, line, kind }) => {
      if (kind === "url" && !/\.[mc]?[jt]s$/.test(text)) return [];
      const problem = importProblem(file, text);
      return problem === undefined ? [] : [`${file}:${line} imports ${text}: ${problem}`];
    }),
  );
}

/**
 * Judges one import.
 * @param file path of the importing source from the root, `src/engine/graph/value.ts`. @param specifier as written.
 * @returns why it is wrong, or nothing.
 */
export function importProblem(file: string, specifier: string): string | undefined {
  if (specifier === "polyvec" || specifier.startsWith("polyvec/")) return "inside src/ import the file that holds the thing";
  if (!specifier.startsWith(".")) return undefined;
  const target = posix.join(posix.dirname(file), specifier);
  if (!target.startsWith("src/")) return isTest(file) && target.startsWith("test/") ? undefined : "it lies outside src/";
  const from = placeOf(file);
  const to = placeOf(target);
  if (to.room === "") return "nothing imports what lies at the top of src/";
  if (from.room === "") return to.room === "cli" ? "the library does not import its command line" : undefined;
  return from.room === to.room ? partProblem(from, to) : roomProblem(from.room, to.room);
}

interface Place {
  readonly room: string;
  readonly part: string;
}

/** Room and part of a path in `src/`; "" for files that lie above them. */
function placeOf(file: string): Place {
  const folders = file.split("/").slice(1, -1);
  return { room: folders[0] ?? "", part: folders[1] ?? "" };
}

function isRoom(name: string): name is RoomName {
  return Object.hasOwn(ROOMS, name);
}

function roomProblem(from: string, to: string): string | undefined {
  if (!isRoom(from)) return `${from} is no room: name it in tools/check/rooms.ts`;
  if (!isRoom(to)) return `${to} is no room: name it in tools/check/rooms.ts`;
  const allowed = ROOMS[from].imports;
  return allowed.includes(to) ? undefined : `${from} may import ${allowed.join(", ") || "nothing"}`;
}

function partProblem(from: Place, to: Place): string | undefined {
  const parts = isRoom(from.room) ? ROOMS[from.room].parts : undefined;
  if (parts === undefined || from.part === to.part || from.part === "") return undefined;
  if (to.part === "") return `files at the top of ${from.room} stand above its parts`;
  const unknown = [from.part, to.part].find((part) => !parts.includes(part));
  if (unknown !== undefined) return `${unknown} is no part of ${from.room}: name it in tools/check/rooms.ts`;
  return parts.indexOf(to.part) < parts.indexOf(from.part) ? undefined : `inside ${from.room} the order is ${parts.join(" < ")}`;
}
