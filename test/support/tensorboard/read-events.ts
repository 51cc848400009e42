import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import protobuf from "protobufjs/light.js";

/** An event as it was read back. */
export interface ReadEvent {
  readonly file: string;
  readonly step: number;
  readonly wallTime: number;
  readonly version?: string;
  readonly isRestart: boolean;
  readonly scalars: Readonly<Record<string, number>>;
  readonly texts: Readonly<Record<string, string>>;
}

/** All events of a folder, file by file in the order of their names; both sums of every record are checked. */
export async function readEvents(folder: string): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  for (const file of (await readdir(folder)).sort()) {
    for (const record of recordsOf(await readFile(join(folder, file)))) events.push({ file, ...toEvent(record) });
  }
  return events;
}

/** What TensorBoard shows of a scalar, by step: what a restart takes back is gone, of the rest every value. */
export function curveOf(events: readonly ReadEvent[], tag: string): (readonly [step: number, value: number])[] {
  let curve: (readonly [number, number])[] = [];
  for (const { step, isRestart, scalars } of events) {
    if (isRestart) curve = curve.filter(([earlier]) => earlier < step);
    const value = scalars[tag];
    if (value !== undefined) curve.push([step, value]);
  }
  return curve;
}

function* recordsOf(bytes: Buffer): Generator<Buffer> {
  let at = 0;
  while (at < bytes.length) {
    const length = Number(bytes.readBigUInt64LE(at));
    check(bytes.subarray(at, at + 8), bytes.readUInt32LE(at + 8));
    const content = bytes.subarray(at + 12, at + 12 + length);
    check(content, bytes.readUInt32LE(at + 12 + length));
    yield content;
    at += length + 16;
  }
}

/** The sum worked out bit by bit and unmasked the other way round. */
function check(bytes: Uint8Array, masked: number): void {
  let rest = 0xffffffffn;
  for (const byte of bytes) {
    rest ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) rest = rest & 1n ? (rest >> 1n) ^ 0x82f63b78n : rest >> 1n;
  }
  const turned = (BigInt(masked) - 0xa282ead8n) & 0xffffffffn;
  const sum = ((turned << 15n) | (turned >> 17n)) & 0xffffffffn;
  if ((rest ^ 0xffffffffn) !== sum) throw new Error("a record's sum is wrong");
}

type Fields = ReadonlyMap<number, readonly (number | Buffer)[]>;

/** A message by the numbers of its fields, with nothing known of what they mean. */
function fieldsOf(bytes: Uint8Array): Fields {
  const reader = protobuf.Reader.create(bytes);
  const fields = new Map<number, (number | Buffer)[]>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const value = readValue(reader, tag & 7);
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
  }
  return fields;
}

function readValue(reader: protobuf.Reader, wireType: number): number | Buffer {
  if (wireType === 0) return Number(reader.int64());
  if (wireType === 1) return reader.double();
  return wireType === 5 ? reader.float() : Buffer.from(reader.bytes());
}

function inside(fields: Fields, ...path: readonly number[]): Fields {
  return path.reduce((found, place) => fieldsOf((found.get(place)?.[0] ?? Buffer.of()) as Buffer), fields);
}

function toEvent(record: Buffer): Omit<ReadEvent, "file"> {
  const event = fieldsOf(record);
  const [scalars, texts]: [Record<string, number>, Record<string, string>] = [{}, {}];
  for (const bytes of inside(event, 5).get(1) ?? []) {
    const value = fieldsOf(bytes as Buffer);
    const tag = String(value.get(1)?.[0]);
    const number = value.get(2)?.[0];
    if (typeof number === "number") scalars[tag] = number;
    else if (String(inside(value, 9, 1).get(1)?.[0]) === "text") texts[tag] = String(inside(value, 8).get(8)?.[0]);
  }
  const version = event.get(3)?.[0];
  return {
    step: Number(event.get(2)?.[0] ?? 0),
    wallTime: Number(event.get(1)?.[0]),
    ...(version !== undefined && { version: String(version) }),
    isRestart: inside(event, 7).get(1)?.[0] === 1,
    scalars,
    texts,
  };
}
