import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Embedding } from "../../embed/embed-options.ts";
import { ConfigError, DataError, FileError } from "../../errors/families.ts";
import type { EmbedderModule, EmbedderModuleInput, ModuleEmbedding } from "./embedder-module.ts";
import type { ItemEmbedder, LoadableItem } from "./item-embedder.ts";
import { loadEmbedderModule, moduleEmbedder } from "./module-embedder.ts";

const ITEM: LoadableItem = {
  item: { prompt: "<|image_1|>\nDo. it\n", instruction: "Do.", text: "it", image: "a.png" },
  read: () => Promise.resolve(Uint8Array.of(1, 2)),
};

async function embedAll(embedder: ItemEmbedder, items: readonly LoadableItem[] = [ITEM]): Promise<(Embedding | undefined)[]> {
  const source = async function* (): AsyncGenerator<LoadableItem> {
    yield* items;
  };
  const embeddings: (Embedding | undefined)[] = [];
  for await (const { embedding } of embedder.embed(source(), { signal: undefined })) embeddings.push(embedding);
  return embeddings;
}

const giving = (embed: EmbedderModule["embed"]): ItemEmbedder => moduleEmbedder({ name: "mine", embed });

test("a module is given parts, reference text and the bytes of the image", async () => {
  let seen: readonly EmbedderModuleInput[] = [];
  await embedAll(
    giving((inputs) => {
      seen = inputs;
      return [[1]];
    }),
  );
  expect(seen).toEqual([
    { text: "it", instruction: "Do.", referenceText: "<|image_1|>\nDo. it\n", image: Uint8Array.of(1, 2), imagePath: "a.png" },
  ]);
});

test("vectors are brought to unit length, those that have it are left to the last digit", async () => {
  const unit = Float32Array.of(0.6, 0.8);
  const results: ModuleEmbedding[] = [[3, 4], unit, { paths: [[2, 0], [0, 5]] }, { paths: [[1, 0]], aggregate: [0, 2] }, [0, 0]]; // prettier-ignore
  const embeddings = await embedAll(giving(() => results), results.map(() => ITEM)); // prettier-ignore
  expect(embeddings[0]?.aggregate).toEqual(unit);
  expect(embeddings[1]).toEqual({ aggregate: unit, paths: [unit] });
  expect(embeddings[2]?.paths).toEqual([Float32Array.of(1, 0), Float32Array.of(0, 1)]);
  expect(embeddings[2]?.aggregate[0]).toBeCloseTo(Math.SQRT1_2, 6);
  expect(embeddings[3]).toEqual({ aggregate: Float32Array.of(0, 1), paths: [Float32Array.of(1, 0)] });
  expect(embeddings[4]?.aggregate).toEqual(Float32Array.of(0, 0));
});

describe("what a module does wrong is told", () => {
  test.each<[string, EmbedderModule["embed"], string]>([
    ["too few", () => [], "0 results for 1 inputs"],
    ["no list", () => ({}) as never, "no list"],
    ["no vector", () => ["x" as never], "is no vector"],
    ["not a number", () => [[Number.NaN, 1]], "no vector"],
    ["not finite", () => [Float32Array.of(Number.NaN, 1)], "no finite number"],
    ["empty", () => [[]], "empty"],
    ["different lengths", () => [{ paths: [[1], [1, 2]] }], "different lengths"],
  ])("%s", async (_, embed, message) => {
    const attempt = embedAll(giving(embed));
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toThrow(message);
  });
});

describe("a module's file", () => {
  let folder = "";
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "polyvec-module-"))));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const load = async (name: string, source: string): Promise<ItemEmbedder> => {
    await writeFile(join(folder, name), source);
    return loadEmbedderModule(join(folder, name));
  };

  test("exports embed, by itself or as the default", async () => {
    const own = await load("own.mjs", "export const identity = 'v1'; export const embed = (inputs) => inputs.map(() => [1, 0]);");
    expect([own.name, own.identity?.fingerprint]).toEqual(["own", "v1"]);
    const other = await load("other.mjs", "export default { name: 'named', embed: (inputs) => inputs.map(() => [1, 0]) };");
    expect([other.name, other.identity]).toEqual(["named", undefined]);
    expect(await embedAll(other)).toHaveLength(1);
  });

  test("is refused if it cannot be used", async () => {
    await expect(load("none.mjs", "export const x = 1;")).rejects.toThrow(ConfigError);
    await expect(load("broken.mjs", "export const = 1;")).rejects.toThrow("cannot be loaded");
    await expect(load("identity.mjs", "export const identity = 7; export const embed = () => [];")).rejects.toThrow("identity");
    await expect(loadEmbedderModule(join(folder, "absent.mjs"))).rejects.toThrow(FileError);
  });
});
