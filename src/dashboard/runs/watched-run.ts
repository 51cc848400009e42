import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { isHeld } from "../../files/run-lock.ts";
import { RUN_FILES } from "../../train/run/run-files.ts";
import { readStatus, type RunStatus } from "../../train/run/run-status.ts";
import type { RunFacts, RunState } from "../messages.ts";
import { LineTail } from "./line-tail.ts";
import { RunRows } from "./run-rows.ts";

/** What is looked at to tell how a run stands. */
export interface RunSigns {
  /** Whether a process holds its folder. */
  readonly isHeld: boolean;
  readonly status: RunStatus | undefined;
  readonly rowCount: number;
  /** Whether it has written its model. */
  readonly hasModel: boolean;
}

/** How a run stands. Runs of before there was a `status.json` are judged by what they left. */
export function stateOf({ isHeld, status, rowCount, hasModel }: RunSigns): RunState {
  if (isHeld) return rowCount === 0 ? "starting" : "running";
  if (status !== undefined && status.state !== "running") return status.state;
  if (status === undefined && hasModel) return "finished";
  return status === undefined && rowCount === 0 ? "waiting" : "stopped";
}

const recipeSchema = z.looseObject({ steps: z.number() });

/** A run's folder, looked at again and again. It is only read, and need not be there yet. */
export class WatchedRun {
  readonly name: string;
  readonly rows: RunRows = new RunRows();
  readonly #folder: string;
  readonly #tail: LineTail;
  #facts: Omit<RunFacts, "run">;

  constructor(folder: string, name: string) {
    this.name = name;
    this.#folder = folder;
    this.#tail = new LineTail(join(folder, RUN_FILES.metrics));
    this.#facts = { name, state: "waiting", message: null, steps: null, recipe: null, writtenAt: null };
  }

  /** As of the last look. */
  get facts(): Omit<RunFacts, "run"> {
    return this.#facts;
  }

  /** Looks at the files. Never fails: what cannot be read is told as the run's message. @returns whether anything has changed. */
  async look(): Promise<boolean> {
    const before = JSON.stringify(this.#facts);
    try {
      const read = await this.#tail.read();
      const hasNewRows = this.rows.take(read);
      this.#facts = await this.#read(read.writtenAt);
      return hasNewRows || JSON.stringify(this.#facts) !== before;
    } catch (error) {
      if (!PolyvecError.isInstance(error)) throw error;
      this.#facts = { ...this.#facts, message: error.message };
      return JSON.stringify(this.#facts) !== before;
    }
  }

  async #read(writtenAt: number | null): Promise<Omit<RunFacts, "run">> {
    const folder = this.#folder;
    const [held, status, recipe, hasModel] = await Promise.all([
      isHeld(folder),
      readStatus(folder),
      readJsonFile(join(folder, RUN_FILES.config)).catch(() => null),
      stat(join(folder, RUN_FILES.model)).then(Boolean, () => false),
    ]);
    const state = stateOf({ isHeld: held, status, rowCount: this.rows.count, hasModel });
    return {
      name: this.name,
      state,
      message: this.#message(state, status),
      steps: recipeSchema.safeParse(recipe).data?.steps ?? null,
      recipe,
      writtenAt,
    };
  }

  #message(state: RunState, status: RunStatus | undefined): string | null {
    if (state === "failed") return status?.error?.message ?? null;
    const { unreadable } = this.rows;
    if (unreadable === 0) return null;
    return `${unreadable} ${unreadable === 1 ? "line" : "lines"} of ${RUN_FILES.metrics} cannot be read and ${unreadable === 1 ? "is" : "are"} left out`;
  }
}
