import { FileError } from "../../errors/families.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import type { LoggedEvent, LoggedWarning } from "../run/run-events.ts";
import { contentOf, jsonBlock } from "./event-content.ts";
import { EventFile, removeEventFiles } from "./event-file.ts";
import type { EventContent } from "./event-proto.ts";

/** How a run's events are opened. */
export interface RunBoardOptions {
  readonly recipe: Recipe;
  /** The step that a resumed run goes on from: what was told of later ones does not count any more. Undefined begins anew. */
  readonly resumedFrom: number | undefined;
}

/**
 * A run's events for TensorBoard. They say nothing that `metrics.jsonl` does not, so that a folder which cannot be written ends them and not the run.
 */
export class RunBoard implements AsyncDisposable {
  #file: EventFile | undefined;
  #failure: FileError | undefined;

  /** Begins a file of its own for this session. Never fails for the sake of a file: the first {@link add} tells. */
  static async open(folder: string, options: RunBoardOptions): Promise<RunBoard> {
    const board = new RunBoard();
    await board.#attempt(() => board.#begin(folder, options));
    return board;
  }

  /** Shows an event. @returns a warning, once, if events cannot be written any more. */
  async add(event: LoggedEvent): Promise<LoggedWarning | undefined> {
    await this.#attempt(async () => this.#file?.append(event.step, contentOf(event)));
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? undefined : { type: "warning", kind: "tensorboard-off", step: event.step, message: describe(failure) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #begin(folder: string, { recipe, resumedFrom }: RunBoardOptions): Promise<void> {
    if (resumedFrom === undefined) await removeEventFiles(folder);
    this.#file = await EventFile.create(folder);
    const beginning: EventContent = resumedFrom === undefined ? { texts: { recipe: jsonBlock(recipe) } } : { isRestart: true };
    await this.#file.append(resumedFrom === undefined ? 0 : resumedFrom + 1, beginning);
  }

  async #attempt(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#failure = error;
      await this.#close();
    }
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined); // what could not be written is missing in a copy only
  }
}

function describe({ details }: FileError): string {
  const { file, errno } = details;
  return (
    `cannot write ${String(file)} (${String(errno)}), so that TensorBoard sees no more of this run, which goes on: metrics.jsonl holds the same. ` +
    "Events come again when the run is resumed and the place can be written"
  );
}
