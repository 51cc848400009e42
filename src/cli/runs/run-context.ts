import type { EvaluationTask } from "../../data/emoji/tasks/task-types.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import type { OpenedData } from "../../train/sources/opened-data.ts";
import type { Progress } from "../terminal/progress.ts";

/** What models are loaded, scored and timed with. */
export interface ModelRunContext {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly threads: number | undefined;
}

/** What a command that trains several recipes trains each with. */
export interface RunContext extends ModelRunContext {
  /** Opens what a recipe trains on. */
  readonly openData: (recipe: Recipe) => Promise<OpenedData>;
  /** The model that a recipe starts from; undefined for one from scratch. */
  readonly baseFolder: string | undefined;
  /** Scored on the way, as often as a recipe asks for, if there are any; choices are made on these. */
  readonly validationTasks: readonly EvaluationTask[];
  /** What the runs belong to, for messages: `this reproduction`. */
  readonly whole: string;
}

/** Options of `loadModel` that hold for all runs. */
export function threadsOf({ threads }: Pick<ModelRunContext, "threads">): { readonly threads?: number } {
  return threads === undefined ? {} : { threads };
}
