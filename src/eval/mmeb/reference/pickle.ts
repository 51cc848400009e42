import type { VectorRows } from "./vector-rows.ts";

/** Opcodes of Python's pickle, protocol 4, as far as they are used. @source CPython, Lib/pickletools.py. */
const OP = {
  proto: 0x80,
  stop: 0x2e,
  mark: 0x28,
  none: 0x4e,
  true: 0x88,
  false: 0x89,
  byte: 0x4b,
  int: 0x4a,
  shortText: 0x8c,
  text: 0x58,
  shortBytes: 0x43,
  longBytes: 0x8e,
  emptyList: 0x5d,
  appends: 0x65,
  emptyDict: 0x7d,
  setItems: 0x75,
  tuple: 0x74,
  tuple1: 0x85,
  tuple2: 0x86,
  tuple3: 0x87,
  global: 0x63,
  reduce: 0x52,
  build: 0x62,
  put: 0x71,
  get: 0x68,
} as const;

/** Entries that a list or dict takes at a time, as Python writes them. */
const BATCH = 1000;

/**
 * A pickle of `(array, [{"text": ..., "img_path": ...}, ...])`: a float32 array of [keys, D] and what each of its rows is of.
 * @param rows as many as there are keys.
 */
export async function* pickleVectorsAndKeys(
  rows: VectorRows,
  keys: readonly { readonly text: string; readonly img_path: string }[],
): AsyncGenerator<Uint8Array> {
  const memo = new Memo();
  yield* begin();
  yield* array(rows, memo);
  yield bytes(OP.emptyList);
  for (let from = 0; from < keys.length; from += BATCH) {
    yield bytes(OP.mark);
    for (const { text, img_path: image } of keys.slice(from, from + BATCH)) {
      yield bytes(OP.emptyDict, OP.mark);
      yield* [memo.once("text", () => word("text")), word(text), memo.once("img_path", () => word("img_path")), word(image)];
      yield bytes(OP.setItems);
    }
    yield bytes(OP.appends);
  }
  yield bytes(OP.tuple2, OP.stop);
}

/** A pickle of a float32 array of [count, D]. */
export async function* pickleVectors(rows: VectorRows): AsyncGenerator<Uint8Array> {
  yield* begin();
  yield* array(rows, new Memo());
  yield bytes(OP.stop);
}

/** A pickle of a dict: names, each with its float32 array of [D]. @param rows as many as there are names, which differ. */
export async function* pickleNamedVectors(rows: VectorRows, names: readonly string[]): AsyncGenerator<Uint8Array> {
  const memo = new Memo();
  yield* begin();
  yield bytes(OP.emptyDict);
  let place = 0;
  for await (const block of rows.blocks()) {
    for (let at = 0; at < block.length; at += rows.dimensions) {
      if (place % BATCH === 0) yield bytes(...(place === 0 ? [] : [OP.setItems]), OP.mark);
      yield word(names[place] ?? "");
      yield arrayHead([rows.dimensions], memo);
      yield littleEndian(block.subarray(at, at + rows.dimensions));
      yield ARRAY_END;
      place++;
    }
  }
  if (place > 0) yield bytes(OP.setItems);
  yield bytes(OP.stop);
}

function* begin(): Generator<Uint8Array> {
  yield bytes(OP.proto, 4);
}

async function* array(rows: VectorRows, memo: Memo): AsyncGenerator<Uint8Array> {
  yield arrayHead([rows.count, rows.dimensions], memo);
  for await (const block of rows.blocks()) yield littleEndian(block);
  yield ARRAY_END;
}

/** What NumPy's own pickles say before the numbers: an empty array that is given its version, shape, dtype and order. */
function arrayHead(shape: readonly number[], memo: Memo): Uint8Array {
  const size = 4 * shape.reduce((product, length) => product * length, 1);
  return Buffer.concat([
    memo.once("reconstruct", () => globalName("numpy.core.multiarray", "_reconstruct")),
    memo.once("arguments", () =>
      Buffer.concat([globalName("numpy", "ndarray"), bytes(OP.byte, 0, OP.tuple1, OP.shortBytes, 1, 0x62, OP.tuple3)]),
    ),
    bytes(OP.reduce, OP.mark, OP.byte, 1),
    ...shape.map(integer),
    bytes(shape.length === 1 ? OP.tuple1 : OP.tuple2),
    memo.once("dtype", float32Type),
    bytes(OP.false, OP.longBytes),
    size64(size),
  ]);
}

const ARRAY_END = bytes(OP.tuple, OP.build);

/** `numpy.dtype("f4")`, little-endian. */
function float32Type(): Uint8Array {
  return Buffer.concat([
    globalName("numpy", "dtype"),
    word("f4"),
    bytes(OP.false, OP.true, OP.tuple3, OP.reduce, OP.mark, OP.byte, 3),
    word("<"),
    bytes(OP.none, OP.none, OP.none),
    integer(-1),
    integer(-1),
    bytes(OP.byte, 0, OP.tuple, OP.build),
  ]);
}

/** Values that stand for themselves after they were written once. */
class Memo {
  readonly #places = new Map<string, number>();

  once(name: string, write: () => Uint8Array): Uint8Array {
    const known = this.#places.get(name);
    if (known !== undefined) return bytes(OP.get, known);
    const place = this.#places.size;
    this.#places.set(name, place);
    return Buffer.concat([write(), bytes(OP.put, place)]);
  }
}

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

function globalName(module: string, name: string): Uint8Array {
  return Buffer.concat([bytes(OP.global), Buffer.from(`${module}\n${name}\n`)]);
}

function word(text: string): Uint8Array {
  const content = Buffer.from(text);
  if (content.length < 256) return Buffer.concat([bytes(OP.shortText, content.length), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return Buffer.concat([bytes(OP.text), length, content]);
}

function integer(value: number): Uint8Array {
  if (value >= 0 && value < 256) return bytes(OP.byte, value);
  const content = Buffer.alloc(4);
  content.writeInt32LE(value);
  return Buffer.concat([bytes(OP.int), content]);
}

function size64(size: number): Uint8Array {
  const content = Buffer.alloc(8);
  content.writeBigUInt64LE(BigInt(size));
  return content;
}

/** The numbers' bytes, little-endian whatever the machine is. */
function littleEndian(values: Float32Array): Uint8Array {
  const copy = Buffer.alloc(4 * values.length);
  values.forEach((value, at) => copy.writeFloatLE(value, 4 * at));
  return copy;
}
