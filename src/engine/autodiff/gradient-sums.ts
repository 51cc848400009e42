import { addDimensions, sameDimension, subtractDimensions, type Dimension } from "../graph/dimension.ts";
import { add, concat, pad } from "../graph/operators.ts";
import type { Value, ValueOf } from "../graph/value.ts";

/** The gradients found so far, by forward value. */
export class GradientSums {
  readonly #sums = new Map<Value, Value>();
  /** Gradients of slices, not yet joined. */
  readonly #pads = new Map<Value, ValueOf<"pad">[]>();

  /** Adds a part of a value's gradient. @returns what has to be computed so that nothing of the forward pass is held for it any more. */
  add(value: Value, part: Value): Value {
    if (part.operation === "pad") {
      this.#pads.set(value, [...(this.#pads.get(value) ?? []), part]);
      return part.inputs[0] as Value;
    }
    const known = this.#sums.get(value);
    const sum = known === undefined ? part : add(known, part);
    this.#sums.set(value, sum);
    return sum;
  }

  /** The sum of all parts so far, if there is any. */
  get(value: Value): Value | undefined {
    const joined = joinPads(this.#pads.get(value) ?? []);
    this.#pads.delete(value);
    for (const part of joined) {
      const known = this.#sums.get(value);
      this.#sums.set(value, known === undefined ? part : add(known, part));
    }
    return this.#sums.get(value);
  }
}

/** A stretch of an axis and the gradients that fill it, one after another. */
interface Stretch {
  readonly axis: number;
  /** Of the whole axis. */
  readonly length: Dimension;
  readonly start: Dimension;
  readonly end: Dimension;
  readonly pieces: readonly Value[];
}

/**
 * Gradients of slices are padded with zeros to the whole. Those of neighbouring slices (a projection split into query, key and value) are
 * concatenated instead of padded and added.
 */
function joinPads(pads: readonly ValueOf<"pad">[]): readonly Value[] {
  return pads.map(stretchOf).reduce<readonly Stretch[]>(joinInto, []).map(fillStretch);
}

function fillStretch({ axis, length, start, end, pieces }: Stretch): Value {
  return pad(concat(pieces, axis), axis, [start, subtractDimensions(length, end)]);
}

function stretchOf(padded: ValueOf<"pad">): Stretch {
  const { axis, before } = padded.attributes;
  const piece = padded.inputs[0] as Value;
  const length = padded.shape[axis] as Dimension;
  return { axis, length, start: before, end: addDimensions(before, piece.shape[axis] as Dimension), pieces: [piece] };
}

/** Adds a stretch to others, merged with those it touches. */
function joinInto(stretches: readonly Stretch[], added: Stretch): readonly Stretch[] {
  const touching = stretches.find(
    ({ axis, start, end }) => axis === added.axis && (sameDimension(end, added.start) || sameDimension(start, added.end)),
  );
  if (touching === undefined) return [...stretches, added];
  const [left, right] = sameDimension(touching.end, added.start) ? [touching, added] : [added, touching];
  const merged: Stretch = { ...left, end: right.end, pieces: [...left.pieces, ...right.pieces] };
  return joinInto(
    stretches.filter((stretch) => stretch !== touching),
    merged,
  );
}
