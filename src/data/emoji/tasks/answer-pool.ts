import type { EmbeddingInput } from "../../../inputs/embedding-input.ts";
import { present } from "../../../errors/families.ts";
import type { Answer, Exercise } from "./task-types.ts";

/** A list of candidates that several tasks draw from: every answer stands in it once. */
export class AnswerPool {
  readonly inputs: EmbeddingInput[] = [];
  readonly names: string[] = [];
  readonly #places = new Map<string, number>();
  readonly #byKind = new Map<Exercise["answerKind"], Answer[]>();

  /** Takes an answer in, unless one of that kind and name is there. */
  add(kind: Exercise["answerKind"], answer: Answer): void {
    const id = poolId(kind, answer);
    if (this.#places.has(id)) return;
    this.#places.set(id, this.inputs.length);
    this.inputs.push(answer.input);
    this.names.push(answer.name);
    this.#byKind.set(kind, [...(this.#byKind.get(kind) ?? []), answer]);
  }

  /** Where the answer stands in {@link inputs}. */
  placeOf(kind: Exercise["answerKind"], answer: Answer): number {
    return present(this.#places.get(poolId(kind, answer)), `the candidate ${answer.name}`);
  }

  /** All answers of a kind, in the order they came. */
  ofKind(kind: Exercise["answerKind"]): readonly Answer[] {
    return this.#byKind.get(kind) ?? [];
  }
}

function poolId(kind: Exercise["answerKind"], answer: Answer): string {
  return `${kind}: ${answer.name}`;
}
