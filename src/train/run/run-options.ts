import type { BatchSource } from "../batch-source.ts";
import type { Communicator } from "../distributed/communicator.ts";
import type { Recipe } from "../recipe/recipe-types.ts";
import type { TrainableModel } from "../trainable-model.ts";
import type { RunEvent } from "./run-events.ts";

/** A run: what is trained, on what, and where it is kept. */
export interface RunOptions {
  readonly recipe: Recipe;
  /** Resolved folder of `recipe.model.base`. */
  readonly baseFolder: string | undefined;
  /** The run folder; made if there is none. */
  readonly out: string;
  /** Go on with the run that is in the folder. */
  readonly resume: boolean;
  readonly source: BatchSource;
  /** What a tokenizer for a model from scratch learns from. */
  readonly texts: () => Iterable<string> | AsyncIterable<string>;
  /** Instructions of the data, by what they are for: kept with the model. */
  readonly instructions?: Readonly<Record<string, string>> | undefined;
  /**
   * Scores on the validation split, asked for every `evaluateEverySteps` steps and at the end. An AbortedError that it throws when `signal`
   * fires interrupts the run.
   */
  readonly evaluate?: ((model: TrainableModel) => Promise<Readonly<Record<string, number>>>) | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  /** Fires to stop after the step under way: a checkpoint is written, the run can be resumed. */
  readonly signal?: AbortSignal | undefined;
  readonly threads?: number | undefined;
  /** The processes that train together; this one alone if not given. All but rank 0 follow: they neither write nor tell. */
  readonly communicator?: Communicator | undefined;
  /** How the finished model's weights are stored; float32 if not given. */
  readonly dtype?: "float32" | "float16" | "int8" | undefined;
}

/** How a run ended. */
export interface RunResult {
  readonly status: "finished" | "interrupted";
  /** Steps done. */
  readonly step: number;
  readonly folder: string;
  /** The finished model's folder. */
  readonly model: string | undefined;
}
