import type { StreamMessages } from "../messages.ts";
import type { RunWatcher } from "../runs/run-watcher.ts";
import type { WatchedRun } from "../runs/watched-run.ts";

/** An event of the stream: its name, and its data as one line of JSON. */
export interface StreamEvent {
  readonly event: keyof StreamMessages;
  readonly data: string;
}

/** What a page has of a run. */
interface Position {
  readonly generation: number;
  readonly count: number;
}

/** How a stream is made. */
export interface StreamOptions {
  /** Name of this server, other for each. */
  readonly server: string;
  /** What the page has already, as {@link parsePositions} reads it. */
  readonly have?: readonly Position[];
  readonly signal: AbortSignal;
  /** Milliseconds between two signs of life; 10,000 if not given. */
  readonly beatEvery?: number;
}

/** Rows in one event, so that a long run does not come in one piece. */
const MOST_ROWS = 1000;

/**
 * What one page is told: all of every run that it does not have yet, and then what comes. Nothing is made before it is asked for, so that a slow page holds no
 * more memory than a quick one.
 */
export async function* streamOf(watcher: RunWatcher, options: StreamOptions): AsyncGenerator<StreamEvent> {
  const stop = await watcher.listen();
  try {
    yield* toldOf(watcher, options);
  } finally {
    stop();
  }
}

async function* toldOf(watcher: RunWatcher, options: StreamOptions): AsyncGenerator<StreamEvent> {
  const { server, have = [], signal, beatEvery = 10_000 } = options;
  const pages: RunOnPage[] = [];
  yield message("hello", { server, folders: watcher.folders, now: Date.now() });
  for (let isReady = false; !signal.aborted; isReady = true) {
    const { version, isEnded } = watcher;
    for (const [place, run] of watcher.runs.entries()) {
      const page = (pages[place] ??= { facts: "", position: have[place] });
      yield* newsOf(run, place, page);
    }
    if (!isReady) yield message("ready", { now: Date.now(), runs: watcher.runs.length });
    if (isEnded) {
      yield message("bye", { now: Date.now() });
      return;
    }
    if (!(await watcher.changedSince(version, { signal, timeout: beatEvery }))) yield message("beat", { now: Date.now() });
  }
}

/** What a page was told of a run. */
interface RunOnPage {
  facts: string;
  position: Position | undefined;
}

/** What a page does not have of a run. */
function* newsOf({ facts, rows }: WatchedRun, place: number, page: RunOnPage): Generator<StreamEvent> {
  const told = message("run", { run: place, ...facts });
  if (told.data !== page.facts) yield told;
  page.facts = told.data;
  const { position } = page;
  let from = position === undefined ? 0 : rows.stillValid(position.generation, position.count);
  let isBehind = from !== position?.count || from < rows.count;
  while (isBehind) {
    const { generation } = rows;
    const to = Math.min(rows.count, from + MOST_ROWS);
    page.position = { generation, count: to };
    yield { event: "rows", data: `{"run":${place},"generation":${generation},"from":${from},"rows":[${rows.slice(from, to).join(",")}]}` };
    from = rows.stillValid(generation, to); // some may have been taken back meanwhile
    isBehind = from < rows.count;
  }
}

/** What a page says it has: `server:generation.count,generation.count,...`. Nothing if it had it from another server. */
export function parsePositions(text: string | undefined, server: string): readonly Position[] {
  const [, from, list = ""] = /^([\w-]+):([\d.,]*)$/.exec(text ?? "") ?? [];
  if (from !== server || list === "") return [];
  const positions = list.split(",").map((pair) => pair.split(".").map(Number));
  const isSound = positions.every((pair) => pair.length === 2 && pair.every(Number.isSafeInteger));
  return isSound ? positions.map(([generation = 0, count = 0]) => ({ generation, count })) : [];
}

function message<Name extends keyof StreamMessages>(event: Name, data: StreamMessages[Name]): StreamEvent {
  return { event, data: JSON.stringify(data) };
}
