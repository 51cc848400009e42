import type { RawImage } from "./embedding-input.ts";
import { RESIZE_KERNEL } from "./resize-kernel.ts";

/** For each result position along one axis: the first source position that counts, how many do, and the weights from there on. Neither end ever goes back. */
export interface PixelWeights {
  /** [positions] */
  readonly first: Int32Array;
  /** [positions] */
  readonly length: Int32Array;
  /** [positions, stride], fixed point with {@link PRECISION_BITS}. */
  readonly values: Int32Array;
  readonly stride: number;
}

/** Fixed-point position of the weights' ones: 8 bits of result and 2 of headroom in 32. */
export const PRECISION_BITS = 22;

/** Source and result of one call of the kernel have no more bytes than this, where more than one row is left: they stay in the processor's cache. */
const STRIP_BYTES = 2 ** 17;

/** Weighs pixels of each row: as wide as there are weights, each channel rounded to a byte. @returns [height, positions, 3] uint8. */
export function weighAcross({ width, height, data }: RawImage, weights: PixelWeights): RawImage {
  const columns = weights.first.length;
  const [from, to] = [width * 3, columns * 3];
  const rows = Math.min(height, Math.max(1, Math.floor(STRIP_BYTES / Math.max(from, to))));
  const pixels = new Uint8Array(height * to);
  withKernel({ weights, source: rows * from, result: rows * to }, ({ across }, { bytes, source, result, ...places }) => {
    for (let row = 0; row < height; row += rows) {
      const count = Math.min(rows, height - row);
      bytes.set(data.subarray(row * from, (row + count) * from), source);
      across(source, result, count, width, columns, places.first, places.length, places.values, weights.stride);
      pixels.set(bytes.subarray(result, result + count * to), row * to);
    }
  });
  return { width: columns, height, data: pixels };
}

/** Weighs pixels of each column: as high as there are weights, each channel rounded to a byte. @returns [positions, width, 3] uint8. */
export function weighDown({ width, data }: RawImage, weights: PixelWeights): RawImage {
  const { first, length, stride } = weights;
  const height = first.length;
  const pitch = width * 3;
  const begin = (row: number): number => first[row] as number;
  const end = (row: number): number => begin(row) + (length[row] as number);
  const longest = length.reduce((most, rows) => Math.max(most, rows), 0);
  const pixels = new Uint8Array(height * pitch);
  const [mostSource, mostResult] = [Math.max(STRIP_BYTES, longest * pitch), Math.max(STRIP_BYTES, pitch)];
  withKernel({ weights, source: mostSource, result: mostResult }, ({ down }, { bytes, source, result, ...places }) => {
    for (let row = 0; row < height;) {
      let next = row + 1;
      while (next < height && (end(next) - begin(row)) * pitch <= mostSource && (next + 1 - row) * pitch <= mostResult) next++;
      bytes.set(data.subarray(begin(row) * pitch, end(next - 1) * pitch), source);
      const [at, values] = [row * INT_BYTES, places.values + row * stride * INT_BYTES];
      down(source, result, next - row, pitch, begin(row), places.first + at, places.length + at, values, stride);
      pixels.set(bytes.subarray(result, result + (next - row) * pitch), row * pitch);
      row = next;
    }
  });
  return { width, height, data: pixels };
}

const INT_BYTES = 4;
/** What the kernel may touch behind source and result. */
const MARGIN = 16;
const PAGE_BYTES = 2 ** 16;
/** A kernel whose memory grew beyond this is let go: 16 MB. */
const MOST_KEPT_BYTES = 2 ** 24;

interface ResizeKernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly across: KernelFunction;
  readonly down: KernelFunction;
}

/** What each number means is said in `tools/kernels/resize.as`. */
type KernelFunction = (source: number, result: number, ...numbers: readonly number[]) => void;

/** Where things lie in the kernel's memory: byte offsets. */
interface KernelPlaces {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly length: number;
  readonly values: number;
  readonly source: number;
  readonly result: number;
}

interface KernelNeeds {
  readonly weights: PixelWeights;
  /** Bytes. */
  readonly source: number;
  /** Bytes. */
  readonly result: number;
}

let kept: ResizeKernel | undefined;

/** Puts weights into the memory of the kernel, makes room for source and result, and lets the kernel be used. */
function withKernel(needs: KernelNeeds, use: (kernel: ResizeKernel, places: KernelPlaces) => void): void {
  kept ??= instantiate();
  const { memory } = kept;
  const { first, length, values } = needs.weights;
  const firstAt = 0;
  const lengthAt = first.byteLength;
  const valuesAt = lengthAt + length.byteLength;
  const source = valuesAt + values.byteLength;
  const result = source + needs.source + MARGIN;
  const missing = result + needs.result + MARGIN - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  new Int32Array(memory.buffer, firstAt, first.length).set(first);
  new Int32Array(memory.buffer, lengthAt, length.length).set(length);
  new Int32Array(memory.buffer, valuesAt, values.length).set(values);
  use(kept, { bytes: new Uint8Array(memory.buffer), first: firstAt, length: lengthAt, values: valuesAt, source, result });
  if (memory.buffer.byteLength > MOST_KEPT_BYTES) kept = undefined;
}

/** What is used of WebAssembly, which the types of Node.js leave out. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

function instantiate(): ResizeKernel {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
  return new Instance(new Module(Buffer.from(RESIZE_KERNEL, "base64"))).exports as ResizeKernel;
}
