import { floatTensor, intTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import type { HiddenStates } from "../../embed/hidden-states.ts";
import { safetensorsBytes, writeSafetensors } from "../../model/formats/safetensors.ts";
import type { Output } from "../terminal/output.ts";

/** Takes the final hidden states of inputs one after another. They are written when all are there, as safetensors tell all sizes first. */
export class HiddenWriter {
  readonly #tensors = new Map<string, Tensor>();
  readonly #width: number;

  /** @param width numbers of a hidden state. */
  constructor(width: number) {
    this.#width = width;
  }

  /** Whether an input of that name was taken. */
  has(id: string): boolean {
    return this.#tensors.has(id);
  }

  /** Takes `<id>` [T, hidden] float32 and `<id>.input_ids` [T] int32. */
  add(id: string, { hidden, inputIds }: HiddenStates): void {
    this.#tensors.set(id, floatTensor([inputIds.length, this.#width], hidden));
    this.#tensors.set(`${id}.input_ids`, intTensor([inputIds.length], inputIds));
  }

  /** Writes all to a file, or to stdout. @throws {FileError} if it cannot be written. @throws {WeightsError} if two tensors have one name. */
  async finish(target: string | Output): Promise<void> {
    if (typeof target === "string") return writeSafetensors(target, this.#tensors);
    for (const piece of safetensorsBytes(this.#tensors)) await target.bytes(piece);
  }
}
