import { rm, stat } from "node:fs/promises";
import { JsonLinesWriter, readJsonLines, writeJsonLines } from "../../files/json-lines.ts";
import type { RunMonitor } from "../monitor/run-monitor.ts";
import type { LoggedEvent, LoggedWarning, RunEvent } from "./run-events.ts";

/** How a run's log is opened. */
export interface RunLogOptions {
  /** The step that a resumed run goes on from: what was logged after it is dropped, as those steps come again. Undefined begins a new log. */
  readonly resumedFrom: number | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  /** Shows what is logged elsewhere too; its warning is logged. */
  readonly board?: { add(event: LoggedEvent): Promise<LoggedWarning | undefined> } | undefined;
}

/** A run's `metrics.jsonl`, with what is still to be known of it. */
export class RunLog implements AsyncDisposable {
  readonly #writer: JsonLinesWriter;
  readonly #earlier: readonly LoggedEvent[];
  readonly #scores = new Map<number, Readonly<Record<string, number>>>();
  readonly #changes: Readonly<Record<string, unknown>>[] = [];
  readonly #onEvent: RunLogOptions["onEvent"];
  readonly #board: RunLogOptions["board"];

  private constructor(writer: JsonLinesWriter, earlier: readonly LoggedEvent[], { onEvent, board }: RunLogOptions) {
    this.#writer = writer;
    this.#earlier = earlier;
    this.#onEvent = onEvent;
    this.#board = board;
    for (const event of earlier) this.#remember(event);
  }

  /** @throws {FileError} if it cannot be read or written. @throws {DataError} if a line of an earlier log is no JSON. */
  static async open(file: string, options: RunLogOptions): Promise<RunLog> {
    const { resumedFrom } = options;
    if (resumedFrom === undefined) await rm(file, { force: true });
    const earlier = resumedFrom === undefined ? [] : await cutLog(file, resumedFrom);
    return new RunLog(await JsonLinesWriter.open(file), earlier, options);
  }

  /** Writes an event to the log and tells of it. @throws {FileError} if the disk is full. */
  async record(event: LoggedEvent): Promise<void> {
    await this.#writer.append(event);
    this.#remember(event);
    this.tell(event);
    const warning = await this.#board?.add(event);
    if (warning !== undefined) await this.record(warning);
  }

  /** Tells of an event that is not logged. */
  tell(event: RunEvent): void {
    this.#onEvent?.(event);
  }

  /** Shows a monitor the steps before this session, whose findings are logged already. */
  replay(monitor: RunMonitor): void {
    for (const event of this.#earlier) if (event.type === "step") monitor.take(event);
  }

  /** Whether the model was scored after that step. */
  hasScores(step: number): boolean {
    return this.#scores.has(step);
  }

  /** What the model's provenance tells of its run: the latest scores, and settings that were changed on the way. */
  provenance(): Readonly<Record<string, unknown>> {
    const latest = [...this.#scores].at(-1);
    return {
      ...(latest === undefined ? {} : { validation: { step: latest[0], scores: latest[1] } }),
      ...(this.#changes.length === 0 ? {} : { changes: this.#changes }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
  }

  #remember(event: LoggedEvent): void {
    if (event.type === "evaluation") this.#scores.set(event.step, event.scores);
    if (event.type === "change") for (const change of event.changes) this.#changes.push({ step: event.step, ...change });
  }
}

/** Drops what was logged after a step. @returns what is left. */
async function cutLog(file: string, step: number): Promise<LoggedEvent[]> {
  const isThere = await stat(file).then(Boolean, () => false);
  if (!isThere) return [];
  const { rows, dropped } = await readJsonLines(file);
  const kept = rows.filter((row): row is LoggedEvent => isEvent(row) && row.step <= step);
  if (kept.length < rows.length || dropped !== undefined) await writeJsonLines(file, kept);
  return kept;
}

/** Whether a line of the log is one of ours: it says what it is, and after which step it was written. */
function isEvent(row: unknown): row is LoggedEvent {
  return typeof row === "object" && row !== null && "type" in row && "step" in row && typeof row.step === "number";
}
