import { isHalf, type ElementType } from "../tensor/tensor.ts";
import { after, cast } from "./operators.ts";
import type { Value } from "./value.ts";

/** Values that may be made between a value and its use, or two uses of the same copy. */
const NEAR = 24;

/**
 * Turns what operations take into another type: once for uses that are near each other, anew for one that is far, so that from the forward to the backward pass nothing
 * but the original is kept. A runtime is free to make a copy as soon as the original is there, and to hold it until it is needed (ONNX Runtime does); so a copy of what
 * was made long ago waits for what it is used with.
 */
export class NearCasts {
  readonly #dtype: ElementType;
  readonly #isMeant: (value: Value) => boolean;
  /** The latest copy of each value. */
  readonly #latest = new Map<Value, Value>();

  /** @param isMeant which values are turned into `dtype`. */
  constructor(dtype: ElementType, isMeant: (value: Value) => boolean) {
    this.#dtype = dtype;
    this.#isMeant = isMeant;
  }

  of(inputs: readonly Value[]): readonly Value[] {
    if (!inputs.some(this.#isMeant)) return inputs;
    const last = inputs.reduce((late, input) => (input.id > late.id ? input : late));
    const turned = this.#turned(last);
    return inputs.map((input) => (input === last ? turned : this.#turned(input, turned)));
  }

  #turned(input: Value, beside?: Value): Value {
    if (!this.#isMeant(input)) return input;
    const known = this.#latest.get(input);
    if (known !== undefined && input.builder.values.length - known.id <= NEAR) return known;
    const isFar = beside !== undefined && beside.id - input.id > NEAR;
    const made = cast(isFar ? after(input, beside) : input, this.#dtype);
    this.#latest.set(input, made);
    return made;
  }
}

/** Makes float32 of halves. */
export function floatCasts(): NearCasts {
  return new NearCasts("float32", ({ dtype }) => isHalf(dtype));
}
