/** How a run stands. */
export type RunState =
  /** Its folder holds nothing any more. */
  | "waiting"
  /** A process prepares it: no step is done. */
  | "starting"
  | "running"
  | "finished"
  /** By Ctrl-C, with a checkpoint. */
  | "interrupted"
  | "failed"
  /** Its process went away without a word: killed, or the machine with it. */
  | "stopped";

/** The first message on a connection. */
export interface Hello {
  /** Tells one server from the next on the same port. */
  readonly server: string;
  /** Where runs are looked for, as it was asked for. */
  readonly folders: readonly string[];
  /** Milliseconds since 1970, by the server's clock. */
  readonly now: number;
}

/** All of a run but its rows; told again whenever it changes. */
export interface RunFacts {
  /** Its place among the server's runs. */
  readonly run: number;
  readonly name: string;
  readonly state: RunState;
  /** What ended it, or what keeps it from being read. */
  readonly message: string | null;
  /** Steps in all; null while no recipe is there. */
  readonly steps: number | null;
  readonly recipe: unknown;
  /** When its metrics were last written: milliseconds since 1970, by the server's clock. */
  readonly writtenAt: number | null;
}

/** Rows of a run from one on; what stood there and after is no more. */
export interface RunRowsMessage {
  readonly run: number;
  /** Counts how often rows were taken back: together with the number of rows, what a page has. */
  readonly generation: number;
  readonly from: number;
  /** Lines of `metrics.jsonl`, without what the page does not show. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Nothing has happened, and the connection holds. */
export interface Beat {
  readonly now: number;
}

/** Events of the stream, by name. */
export interface StreamMessages {
  readonly hello: Hello;
  readonly run: RunFacts;
  readonly rows: RunRowsMessage;
  /** All that was there has been told: what the page holds of other runs is no more. */
  readonly ready: Beat & { readonly runs: number };
  readonly beat: Beat;
  /** The server ends in order. */
  readonly bye: Beat;
}
