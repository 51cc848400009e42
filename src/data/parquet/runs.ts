/** A stretch of bytes in Parquet's hybrid of runs: bit-packed groups of eight, and repeated values. */
export interface RunStretch {
  readonly bytes: Uint8Array;
  readonly begin: number;
  readonly end: number;
  /** Bits of a value. */
  readonly width: number;
  /** Values that are read from it. */
  readonly count: number;
}

/** Told of each value, and how many times it comes on end. */
type OnValue = (value: number, times: number) => void;

/**
 * Walks through runs without writing them out. A damaged count may tell of billions of values in five bytes, which a decoder would fill memory with.
 * @param onValue told of all values, `count` in all, if given; the walk is quicker without.
 * @returns why the runs cannot be right; undefined if they can.
 */
export function runsProblem({ bytes, begin, end, width, count }: RunStretch, onValue?: OnValue): string | undefined {
  let [at, seen] = [begin, 0];
  while (seen < count) {
    const header = readVarInt(bytes, at, end);
    if (header === undefined) return `its runs hold ${seen} of ${count} values`;
    at = header.next;
    const [left, times] = [count - seen, header.value >>> 1];
    if ((header.value & 1) === 1) {
      const wanted = Math.min(left, 8 * times);
      const fits = at + Math.ceil((wanted * width) / 8) <= end && (width > 0 || 8 * times <= left + 7);
      if (!fits || times === 0) return `a group of ${8 * times} values does not fit it`;
      if (onValue !== undefined) unpack({ bytes, begin: at, width, count: wanted }, onValue);
      at += times * width;
      seen += wanted;
    } else {
      const size = Math.ceil(width / 8);
      if (times > left || at + size > end) return `a run of ${times} values does not fit it`;
      onValue?.(littleEndian(bytes, at, size), times);
      at += size;
      seen += times;
    }
  }
  return undefined;
}

/** The unsigned number of up to 32 bits at a place, seven bits a byte, and the place after it; undefined if it does not end in time. */
function readVarInt(bytes: Uint8Array, at: number, end: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let shift = 0; shift < 35 && at < end; shift += 7) {
    const byte = bytes[at++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: value >>> 0, next: at };
  }
  return undefined;
}

function littleEndian(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let byte = 0; byte < size; byte++) value |= (bytes[at + byte] as number) << (8 * byte);
  return value >>> 0;
}

/** Values of up to 24 bits, packed from the lowest bit on. */
function unpack({ bytes, begin, width, count }: Omit<RunStretch, "end">, onValue: OnValue): void {
  const mask = 2 ** width - 1;
  for (let index = 0, bit = 8 * begin; index < count; index++, bit += width) {
    const at = bit >>> 3;
    onValue((littleEndian(bytes, at, Math.min(4, bytes.length - at)) >>> (bit & 7)) & mask, 1);
  }
}
