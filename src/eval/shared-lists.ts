import type { EmbeddingSet } from "../embed/embedding-set.ts";
import type { EvaluableTask } from "./ranking-task.ts";

/** Turns inputs into their embeddings, in the same order: a model, as an evaluation sees it. */
export type EmbedInputs<Input> = (inputs: readonly Input[]) => Promise<EmbeddingSet>;

/** Embeds each list when it is first needed and lets it go after its last use. */
export class SharedLists<Input> {
  readonly #uses = new Map<readonly Input[], number>();
  readonly #sets = new Map<readonly Input[], EmbeddingSet>();
  readonly #embed: EmbedInputs<Input>;

  constructor(tasks: readonly EvaluableTask<Input>[], embed: EmbedInputs<Input>) {
    this.#embed = embed;
    for (const list of tasks.flatMap((task) => [task.queries, task.candidates])) this.#uses.set(list, (this.#uses.get(list) ?? 0) + 1);
  }

  /** The embeddings of a list that the tasks name, once per place they name it. */
  async take(list: readonly Input[]): Promise<EmbeddingSet> {
    const set = this.#sets.get(list) ?? (await this.#embed(list));
    const left = (this.#uses.get(list) ?? 1) - 1;
    this.#uses.set(list, left);
    if (left > 0) this.#sets.set(list, set);
    else this.#sets.delete(list);
    return set;
  }
}
