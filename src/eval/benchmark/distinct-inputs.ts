import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import type { EvaluableTask } from "../ranking-task.ts";

/** Every input that tasks name, once: texts that read alike are one input, pictures are told apart by their object. */
export class DistinctInputs {
  /** In the order in which they are best embedded: one kind after another. */
  readonly inputs: readonly EmbeddingInput[];
  readonly #places = new Map<EmbeddingInput | string, number>();

  constructor(tasks: readonly EvaluableTask<EmbeddingInput>[]) {
    const lists = new Set(tasks.flatMap((task) => [task.queries, task.candidates]));
    const found = new Map<EmbeddingInput | string, EmbeddingInput>();
    for (const input of [...lists].flat()) found.set(identityOf(input), input);
    const sorted = [...found].sort(([, left], [, right]) => sizeOf(left) - sizeOf(right));
    this.inputs = sorted.map(([, input]) => input);
    for (const [place, [identity]] of sorted.entries()) this.#places.set(identity, place);
  }

  /** Where the inputs of a list stand in {@link inputs}. */
  placesOf(list: readonly EmbeddingInput[]): number[] {
    return list.map((input) => this.#places.get(identityOf(input)) as number);
  }
}

function identityOf(input: EmbeddingInput): EmbeddingInput | string {
  return input.image === undefined ? JSON.stringify([input.instruction, input.text]) : input;
}

/** Pixels of an input's picture, as far as they are known; 0 for a text. */
function sizeOf({ image }: EmbeddingInput): number {
  return typeof image === "object" && "data" in image ? image.width * image.height : image === undefined ? 0 : 1;
}
