import type { EmbeddingInput, ImageSource } from "../../inputs/embedding-input.ts";
import type { EvaluableTask } from "../ranking-task.ts";
import type { ItemDescriber } from "./describe-case.ts";
import type { CaseItem } from "./query-case.ts";

/** A task of inputs that knows what they are, in words. */
export interface NamedTask extends EvaluableTask<EmbeddingInput> {
  readonly queryNames: readonly string[];
  readonly candidateNames: readonly string[];
}

/** Describes tasks of inputs, and keeps hold of the pictures it named. */
export class InputItems {
  readonly #pictures = new Map<string, ImageSource>();

  /** Describes a task's queries and candidates. */
  readonly describe = (task: NamedTask): ItemDescriber => ({
    query: (place) => this.#item(task.queries[place], task.queryNames[place], `${task.name}, query ${place}`),
    candidate: (place) => this.#item(task.candidates[place], task.candidateNames[place], `${task.name}, candidate ${place}`),
  });

  /** The picture of an item that was described. */
  readonly open = (image: string): ImageSource | undefined => this.#pictures.get(image);

  #item({ image, text, instruction }: EmbeddingInput = {}, name: string | undefined, key: string): CaseItem {
    if (image !== undefined) this.#pictures.set(key, image);
    return { name: name ?? null, text: text ?? null, instruction: instruction ?? null, image: image === undefined ? null : key };
  }
}
