import { isHalf } from "../tensor/tensor.ts";
import { after, cast } from "./operators.ts";
import type { Value } from "./value.ts";

/** Values that may be made between a value and its use, or two uses of the same float32. */
const NEAR = 24;

/**
 * Makes float32 of the halves that operations take: once for uses that are near each other, anew for one that is far, so that from the forward to the backward pass
 * nothing but the halves is kept. A runtime is free to make a float32 as soon as the halves are there, and to hold it until it is needed (ONNX Runtime does); so what
 * was made long ago waits for what it is used with.
 */
export class FloatOperands {
  /** The latest float32 of each value in halves. */
  readonly #latest = new Map<Value, Value>();

  of(inputs: readonly Value[]): readonly Value[] {
    if (!inputs.some(({ dtype }) => isHalf(dtype))) return inputs;
    const last = inputs.reduce((late, input) => (input.id > late.id ? input : late));
    const whole = this.#whole(last);
    return inputs.map((input) => (input === last ? whole : this.#whole(input, whole)));
  }

  #whole(input: Value, beside?: Value): Value {
    if (!isHalf(input.dtype)) return input;
    const known = this.#latest.get(input);
    if (known !== undefined && input.builder.values.length - known.id <= NEAR) return known;
    const isFar = beside !== undefined && beside.id - input.id > NEAR;
    const made = cast(isFar ? after(input, beside) : input, "float32");
    this.#latest.set(input, made);
    return made;
  }
}

/** The value in float32, if it is of halves. */
export function toFloat(value: Value): Value {
  return isHalf(value.dtype) ? cast(value, "float32") : value;
}
