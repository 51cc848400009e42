import fc from "fast-check";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { floatTensor, intTensor, sizeOf, tensorOf, type Tensor } from "../../engine/tensor/tensor.ts";
import { DisposedError, FileError, WeightsError } from "../../errors/families.ts";
import { openSafetensors, writeSafetensors } from "./safetensors.ts";

const FIXTURES = "test/fixtures/safetensors";
let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "polyvec-safetensors-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A safetensors file made of a header's JSON (or text) and bytes of data. */
async function writeRaw(name: string, header: unknown, dataBytes: number): Promise<string> {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = join(folder, name);
  await writeFile(file, Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
  return file;
}

async function failure(file: string): Promise<WeightsError> {
  const error = await thrownBy(() => openSafetensors(file));
  expect(error).toBeInstanceOf(WeightsError);
  expect((error as WeightsError).message).toContain(file);
  expect((error as WeightsError).details["file"]).toBe(file);
  return error as WeightsError;
}

describe("reading what the reference implementation wrote", () => {
  test("every dtype", async () => {
    await using weights = await openSafetensors(`${FIXTURES}/dtypes.safetensors`);
    const values = JSON.parse(await readFile(`${FIXTURES}/dtypes.json`, "utf8")) as Record<string, string[]>;
    expect(weights.names).toEqual(Object.keys(values).sort());
    expect(weights.metadata).toEqual({ format: "pt", "made by": "safetensors" });
    for (const [name, expected] of Object.entries(values)) {
      const tensor = await weights.read(name);
      const numbers = expected.map((text) => (tensor.dtype === "int64" ? BigInt(text) : toNumber(text)));
      const rounded = tensor.dtype === "float32" ? numbers.map((value) => Math.fround(value as number)) : numbers;
      expect([...tensor.data], name).toEqual(rounded);
    }
  });

  test("info gives the place in the file, in bytes", async () => {
    await using weights = await openSafetensors(`${FIXTURES}/dtypes.safetensors`);
    const { dtype, shape, byteOffset, byteLength, file } = weights.info("int64");
    expect({ dtype, shape, byteLength }).toEqual({ dtype: "I64", shape: [4], byteLength: 32 });
    expect((await readFile(file)).readBigInt64LE(byteOffset)).toBe(2n ** 62n);
  });
});

function toNumber(text: string): number {
  if (text === "True" || text === "False") return Number(text === "True");
  return Number(text);
}

describe("writing", () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 });
  const tensors: fc.Arbitrary<Tensor> = shapes.chain((shape) => {
    const size = { minLength: sizeOf(shape), maxLength: sizeOf(shape) };
    return fc.oneof(
      fc.float32Array(size).map((data) => tensorOf("float32", shape, data)),
      fc.int32Array(size).map((data) => tensorOf("int32", shape, data)),
      fc.bigInt64Array(size).map((data) => tensorOf("int64", shape, data)),
    );
  });
  const names = fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__" && name !== "__proto__");

  test("float32 round trip of anything, bit for bit", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, tensors, { noNullPrototype: true }), async (dictionary) => {
        const file = join(folder, "round-trip.safetensors");
        await writeSafetensors(file, new Map(Object.entries(dictionary)), { metadata: { made: "here" } });
        await using weights = await openSafetensors(file);
        expect(weights.metadata).toEqual({ format: "pt", made: "here" });
        expect(weights.names).toEqual(Object.keys(dictionary).sort());
        for (const [name, tensor] of Object.entries(dictionary)) expect(await weights.read(name)).toEqual(tensor);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ["float16", 2 ** -11, 2 ** -25],
    ["bfloat16", 2 ** -8, 2 ** -133],
  ] as const)("%s rounds to the nearest", async (dtype, relative, absolute) => {
    const values = fc.float({ noNaN: true, noDefaultInfinity: true, min: -65504, max: 65504 });
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1 }), async (list) => {
        const file = join(folder, `${dtype}.safetensors`);
        await writeSafetensors(file, new Map([["x", floatTensor([list.length], list)]]), { dtype });
        await using weights = await openSafetensors(file);
        const { data } = await weights.read("x");
        list.forEach((value, index) => {
          expect(Math.abs(Number(data[index]) - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) * relative, absolute));
        });
      }),
      { numRuns: 60 },
    );
  });

  test("int8 keeps every element within half its row's scale, vectors exactly", async () => {
    const file = join(folder, "int8.safetensors");
    const matrix = floatTensor([3, 4], [1, -2, 0.5, 0.003, 100, 50, -25, 0, 0, 0, 0, 0]);
    const bias = floatTensor([3], [0.1, 0.2, 0.3]);
    await writeSafetensors(file, new Map([["w", matrix], ["b", bias]]), { dtype: "int8" }); // prettier-ignore
    await using weights = await openSafetensors(file);
    expect(weights.names).toEqual(["b", "w"]);
    expect(weights.info("w").dtype).toBe("I8");
    expect(weights.scaleInfo("w")?.shape).toEqual([3]);
    expect(await weights.read("b")).toEqual(bias);
    const restored = (await weights.read("w", [3, 4])).data as Float32Array;
    restored.forEach((value, index) => {
      const scale = [2 / 127, 100 / 127, 1][Math.floor(index / 4)] as number;
      expect(Math.abs(value - (matrix.data[index] as number))).toBeLessThanOrEqual(scale * 0.50001);
    });
    expect([...restored.slice(8)]).toEqual([0, 0, 0, 0]);
  });

  test("data begins at a multiple of 64, and so does each tensor whose size allows it", async () => {
    const file = join(folder, "aligned.safetensors");
    const entries: [string, Tensor][] = [3, 16, 5, 32, 64, 1].map((size) => [`t${size}`, floatTensor([size], new Float32Array(size))]);
    await writeSafetensors(file, new Map([...entries, ["bool", tensorOf("bool", [3], new Uint8Array(3))]]));
    await using weights = await openSafetensors(file);
    for (const name of ["t16", "t32", "t64"]) expect(weights.info(name).byteOffset % 64, name).toBe(0);
    for (const name of ["t1", "t3", "t5"]) expect(weights.info(name).byteOffset % 4, name).toBe(0);
  });

  test.each(["float16", "bfloat16", "int8"] as const)("%s refuses what is not finite, and leaves nothing behind", async (dtype) => {
    const place = await mkdtemp(join(folder, "refused-"));
    const tensors = new Map([["x", floatTensor([1, 2], [1, NaN])]]);
    await expect(writeSafetensors(join(place, "x.safetensors"), tensors, { dtype })).rejects.toBeInstanceOf(WeightsError);
    expect(await readdir(place)).toEqual([]);
  });

  test("float16 refuses what it cannot hold", async () => {
    const tensors = new Map([["x", floatTensor([1], [70_000])]]);
    await expect(writeSafetensors(join(folder, "x.safetensors"), tensors, { dtype: "float16" })).rejects.toThrow(/tensor x.*float32/);
  });

  test("int8 refuses a name that its scales would take", async () => {
    const tensors = new Map([["x", floatTensor([1, 1], [1])], ["x.scale", floatTensor([1], [1])]]); // prettier-ignore
    await expect(writeSafetensors(join(folder, "x.safetensors"), tensors, { dtype: "int8" })).rejects.toThrow(/x\.scale/);
  });
});

describe("damaged files", () => {
  const good = { a: { dtype: "F32", shape: [2], data_offsets: [0, 8] }, b: { dtype: "F32", shape: [1, 3], data_offsets: [8, 20] } };

  test("too short for a header", async () => {
    const file = join(folder, "short.safetensors");
    await writeFile(file, "abc");
    expect((await failure(file)).message).toContain("3 bytes");
  });

  test("a pointer of Git LFS in place of the file", async () => {
    const file = join(folder, "pointer.safetensors");
    await writeFile(file, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n");
    await expect(openSafetensors(file)).rejects.toThrow(/pointer\.safetensors.*pointer of Git LFS.*git lfs pull/);
  });

  test("truncated within the header", async () => {
    const file = await writeRaw("cut-header.safetensors", good, 20);
    await truncate(file, 50);
    expect((await failure(file)).message).toMatch(/truncated within its header.*the file has 50/);
  });

  test("truncated within the data: names the tensor, expected and actual bytes", async () => {
    const file = await writeRaw("cut-data.safetensors", good, 15);
    const error = await failure(file);
    expect(error.message).toMatch(/truncated within tensor b.*download/);
    expect(error.details).toMatchObject({ tensor: "b", expected: (error.details["actual"] as number) + 5 });
  });

  test("more bytes than tensors", async () => {
    expect((await failure(await writeRaw("long.safetensors", good, 24))).message).toContain("4 bytes follow");
  });

  test("a header that claims gigabytes", async () => {
    const file = join(folder, "huge.safetensors");
    await writeFile(file, Buffer.alloc(64, 0xff));
    expect((await failure(file)).message).toContain("header claims");
  });

  test.each([
    ["text", "{ not json", /header is not JSON/],
    ["list", "[1]", /not a JSON object/],
    ["entry", { a: { dtype: "F32", shape: [-1], data_offsets: [0, 8] } }, /entry of tensor a/],
    ["field", { a: { ...good.a, more: 1 } }, /entry of tensor a/],
    ["dtype", { a: { ...good.a, dtype: "F12" } }, /dtype F12, known are BOOL/],
    ["size", { a: { ...good.a, shape: [3] } }, /tensor a of shape \[3\] and dtype F32 needs 12 bytes, its offsets hold 8/],
    ["metadata", { __metadata__: { a: 1 }, ...good }, /__metadata__/],
    ["overlap", { ...good, c: { dtype: "F32", shape: [1], data_offsets: [16, 20] } }, /tensor c overlaps/],
    ["hole", { b: good.b }, /tensor b leaves a hole/],
  ])("%s", async (name, header, message) => {
    expect((await failure(await writeRaw(`${name}.safetensors`, header, 20))).message).toMatch(message);
  });

  test("random bytes never do more than throw a WeightsError", async () => {
    const file = join(folder, "random.safetensors");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await writeFile(file, bytes);
        await failure(file);
      }),
      { numRuns: 50 },
    );
  });

  test("a file that shrinks after it was opened", async () => {
    const file = await writeRaw("shrinks.safetensors", good, 20);
    await using weights = await openSafetensors(file);
    await truncate(file, weights.info("b").byteOffset + 4);
    await expect(weights.read("b")).rejects.toThrow(/ends at byte/);
  });
});

describe("asking for what is not there", () => {
  test("no such file, no such folder, a folder without weights", async () => {
    await expect(openSafetensors(join(folder, "none.safetensors"))).rejects.toBeInstanceOf(FileError);
    await expect(openSafetensors(await mkdtemp(join(folder, "bare-")))).rejects.toThrow(/neither model.safetensors nor/);
  });

  test("no such tensor: names the nearest", async () => {
    await using weights = await openSafetensors(`${FIXTURES}/dtypes.safetensors`);
    expect(() => weights.info("flaot32")).toThrow(/nearest name is float32/);
    expect(() => weights.info("elsewhere.entirely")).toThrow(/12 tensors of other names/);
  });

  test("another shape: names tensor, expected and actual", async () => {
    await using weights = await openSafetensors(`${FIXTURES}/dtypes.safetensors`);
    const error = await thrownBy(() => weights.read("float32", [4, 3]));
    expect(error).toMatchObject({ code: "weights", details: { tensor: "float32", expected: [4, 3], actual: [3, 4] } });
  });

  test.each(["F8_E4M3", "F8_E5M2", "U64"])("a dtype that is not converted: %s", async (dtype) => {
    const file = await writeRaw(
      `${dtype}.safetensors`,
      { x: { dtype, shape: [], data_offsets: [0, dtype === "U64" ? 8 : 1] } },
      dtype === "U64" ? 8 : 1,
    );
    await using weights = await openSafetensors(file);
    await expect(weights.read("x")).rejects.toThrow(`tensor x has dtype ${dtype}, which Polyvec does not read; convert it`);
  });

  test("reading after close", async () => {
    const weights = await openSafetensors(`${FIXTURES}/dtypes.safetensors`);
    await weights.close();
    await weights.close();
    await expect(weights.read("float32")).rejects.toBeInstanceOf(DisposedError);
  });
});

describe("a sharded index", () => {
  async function writeShards(name: string, weightMap: Record<string, string>): Promise<string> {
    const place = await mkdtemp(join(folder, `${name}-`));
    await writeSafetensors(join(place, "one.safetensors"), new Map([["a", floatTensor([2], [1, 2])]]));
    await writeSafetensors(join(place, "two.safetensors"), new Map([["b", intTensor([1], [7])]]));
    await writeFile(join(place, "model.safetensors.index.json"), JSON.stringify({ metadata: { total_size: 12 }, weight_map: weightMap }));
    return place;
  }

  test("reads as one, from the folder or the index", async () => {
    const place = await writeShards("good", { a: "one.safetensors", b: "two.safetensors" });
    await using weights = await openSafetensors(place);
    expect(weights.names).toEqual(["a", "b"]);
    expect(weights.info("b").file).toBe(join(place, "two.safetensors"));
    expect(await weights.read("a")).toEqual(floatTensor([2], [1, 2]));
    expect((await weights.read("b")).data).toEqual(Int32Array.of(7));
  });

  test.each([
    ["a shard that is not there", { a: "one.safetensors", b: "three.safetensors" }, /three\.safetensors.*no such file/],
    ["a tensor in another shard", { a: "two.safetensors", b: "two.safetensors" }, /index|no shard has it/],
    ["a tensor in none", { a: "one.safetensors", b: "two.safetensors", c: "two.safetensors" }, /tensor c lies in two.*no shard has it/],
    ["a path out of the folder", { a: "../one.safetensors" }, /not an index/],
  ])("%s", async (name, weightMap, message) => {
    await expect(openSafetensors(await writeShards(name.replaceAll(" ", "-"), weightMap))).rejects.toThrow(message);
  });

  test("a half-downloaded shard is named", async () => {
    const place = await writeShards("half", { a: "one.safetensors", b: "two.safetensors" });
    const shard = join(place, "two.safetensors");
    await truncate(shard, (await readFile(shard)).length - 2);
    await expect(openSafetensors(place)).rejects.toThrow(/two\.safetensors.*truncated within tensor b/);
  });
});
