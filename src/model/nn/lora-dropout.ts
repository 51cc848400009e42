import {
  divideDimensions,
  formatShape,
  sameDimension,
  shapeSize,
  subtractDimensions,
  symbolsOf,
  type Dimension,
  type Shape,
} from "../../engine/graph/dimension.ts";
import { add, concat, iota, lessOrEqual, mul, reshape, slice, where } from "../../engine/graph/operators.ts";
import type { Value, ValueBuilder } from "../../engine/graph/value.ts";
import { intTensor } from "../../engine/tensor/tensor.ts";
import { present } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";

/**
 * Leaves out adapters' inputs at random, in training. Which ones is worked out in the graph, from a number for each input of the batch and the names and places of
 * what is left out: nothing is drawn, so that a graph run again, or another one on the same input, leaves out the same, however batches are cut into chunks.
 *
 * Number c of token t goes if `h = A_t + B_c + C_t · D_c`, a 32-bit integer that wraps around, is among the `rate` smallest. A and C are mixed from the input's number
 * and the token's place, B and D are constants of the layer, drawn once. It costs four operations on whole numbers beside the layer's product.
 * Images that are encoded beside the tokens take the number of the first input, and their own place.
 */
export class LoraDropout {
  /** Share of the inputs that are left out, in [0, 1). */
  readonly rate: number;
  readonly #seeds: Value;
  readonly #tokens: Dimension;
  readonly #words = new Map<string, TokenWords>();

  constructor(rate: number, { seeds, tokens }: DroppedBatch) {
    this.rate = rate;
    this.#seeds = seeds;
    this.#tokens = tokens;
  }

  /** `[.., inputs]` with some numbers 0; the others are to be divided by `1 - rate`. @param layer the layer's name. */
  drop(x: Value, layer: string): Value {
    const { builder } = x;
    const width = x.shape.at(-1) as number;
    const { offsets, factors } = this.#wordsOf(x.shape.slice(0, -1));
    const random = new RandomStream("dropout", layer);
    const columns = (make: () => number): Value => builder.constant(intTensor([width], Int32Array.from({ length: width }, make)));
    const [shifts, multipliers] = [columns(() => word(random)), columns(() => word(random) | 1)];
    const hash = add(add(mul(factors, multipliers), shifts), offsets);
    const threshold = Math.round(this.rate * 2 ** 32) - 2 ** 31;
    return where(lessOrEqual(integer(builder, threshold), hash), x, 0);
  }

  /** Two words for each token, `[.., 1]`. @param leading the axes before the last. */
  #wordsOf(leading: Shape): TokenWords {
    const key = formatShape(leading);
    const known = this.#words.get(key);
    if (known !== undefined) return known;
    const made = this.#makeWords(leading);
    this.#words.set(key, made);
    return made;
  }

  #makeWords(leading: Shape): TokenWords {
    const { builder } = this.#seeds;
    const [streams = 1, ...places] = leading;
    const count = shapeSize(places);
    const stream = reshape(this.#streamWords(streams), [streams, 1]);
    const place = reshape(mul(this.#places(count), integer(builder, GOLDEN)), [1, count]);
    const shape = [...leading, 1];
    const offsets = mixed(add(stream, place));
    return { offsets: reshape(offsets, shape), factors: reshape(mixed(add(offsets, integer(builder, GOLDEN))), shape) };
  }

  /** Numbers of tokens. Readout tokens behind those of the batch, which are padded, have numbers of their own. */
  #places(count: Dimension): Value {
    const { builder } = this.#seeds;
    const readouts = subtractDimensions(count, this.#tokens);
    if (typeof readouts !== "number" || readouts <= 0) return iota(builder, count);
    return concat([iota(builder, this.#tokens), add(iota(builder, readouts), integer(builder, FIRST_READOUT))], 0);
  }

  /** A word for each stream: inputs, or paths of inputs, path by path; else by its place. */
  #streamWords(streams: Dimension): Value {
    const { builder } = this.#seeds;
    const batch = present(this.#seeds.shape[0], "the batch");
    if (sameDimension(streams, batch)) return this.#seeds;
    const paths = symbolsOf(streams).join() === symbolsOf(batch).join() ? divideDimensions(streams, batch) : undefined;
    if (typeof paths !== "number") return mixed(add(mul(iota(builder, streams), integer(builder, GOLDEN)), slice(this.#seeds, 0, [0, 1])));
    const ofPath = (path: number): Value => (path === 0 ? this.#seeds : mixed(add(this.#seeds, integer(builder, path))));
    return concat(
      Array.from({ length: paths }, (_, path) => ofPath(path)),
      0,
    );
  }
}

/** A batch whose adapters' inputs are left out. */
export interface DroppedBatch {
  /** [B] int32: a random number for each input. */
  readonly seeds: Value;
  /** T, the length that the inputs are padded to. */
  readonly tokens: Dimension;
}

const FIRST_READOUT = 2 ** 30;

interface TokenWords {
  /** A */
  readonly offsets: Value;
  /** C */
  readonly factors: Value;
}

/** 2³² divided by the golden ratio: neighbours come to lie far apart. */
const GOLDEN = 0x9e3779b9 | 0;
const ROUNDS = [0x7f4a7c15, 0x94d049bb, 0x2545f491].map((constant) => constant | 0);

/**
 * A word whose bits depend on all bits of the given one: `x(2x + 1)`, a permutation of the 32-bit integers, a few times over.
 * @source Rivest et al. 1998, "The RC6 Block Cipher".
 */
function mixed(x: Value): Value {
  const { builder } = x;
  const turned = (left: Value): Value => mul(left, add(mul(left, integer(builder, 2)), integer(builder, 1)));
  return ROUNDS.reduce((left, constant) => add(turned(left), integer(builder, constant)), x);
}

function integer(builder: ValueBuilder, value: number): Value {
  return builder.constant(intTensor([], [value]));
}

function word(random: RandomStream): number {
  return random.integer(2 ** 32) | 0;
}
