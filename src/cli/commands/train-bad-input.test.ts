import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { saveTinyBase } from "../../../test/support/training/tiny-run.ts";

vi.setConfig({ testTimeout: 120_000 });

let root = "";
let recipe = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-train-bad-"));
  await saveTinyBase(root);
  await mkdir(join(root, "pictures"));
  const rows = ["red", "green", "blue", "black"].map((background) => ({ query: { image: `pictures/${background}.png` }, positive: { text: background } })); // prettier-ignore
  for (const { query, positive } of rows) {
    const picture = sharp({ create: { width: 16, height: 16, channels: 3, background: positive.text } });
    await picture.png().toFile(join(root, query.image));
  }
  await writeFile(join(root, "examples.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
  recipe = await writeRecipe("recipe");
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function writeRecipe(name: string, base = "base"): Promise<string> {
  const file = join(root, `${name}.json`);
  const data = { kind: "examples", file: "examples.jsonl", batchSize: 4 };
  await writeFile(file, JSON.stringify({ name, model: { base, paths: { count: 1 } }, data, optimizer: { learningRate: 1e-3 }, steps: 2, checkpointEverySteps: 1 })); // prettier-ignore
  return file;
}

const train = (file: string, ...more: readonly string[]) => runPolyvecJson("train", file, "--threads", "1", ...more);

interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

describe("a picture of the examples", () => {
  test.each<[string, (file: string) => Promise<void>, RegExp]>([
    ["that is gone", (file) => rm(file), /there is no such file; check the path/],
    ["that is no picture", (file) => writeFile(file, "no picture"), /not a picture in a known format/],
    ["that is cut off", (file) => truncate(file, 60), /it is damaged.*replace it or leave its row out/],
  ])("%s is named with the way out, and with the picture back the run goes on", async (name, spoil, message) => {
    const out = join(root, name.replaceAll(" ", "-"));
    expect((await train(recipe, "--out", out, "--steps", "1")).code).toBe(0);
    const picture = join(root, "pictures", "blue.png");
    const whole = await readFile(picture);
    await spoil(picture);
    const { code, error } = await train(recipe, "--out", out, "--resume");
    expect(code).toBe(1);
    const told = error as ToldError;
    expect(told).toMatchObject({ code: "processor", details: { file: picture } });
    expect(told.message).toMatch(message);
    expect(told.message).toContain(
      `The run goes on from its last checkpoint with: polyvec train ${recipe} --out ${out} --threads 1 --resume`,
    );
    await writeFile(picture, whole);
    expect(await readdir(join(out, "checkpoints"))).toEqual(["step-000001"]);
    expect((await train(recipe, "--out", out, "--resume")).values.at(-1)).toMatchObject({ type: "end", step: 2 });
  });
});

test("batches of other data than the emoji's tasks cannot be written, which is told before anything is drawn", async () => {
  const { code, error } = await train(recipe, "--write-mmeb", join(root, "written"));
  expect([code, error]).toMatchObject([1, { code: "config", details: { file: recipe, field: "data.kind", got: "examples" } }]);
});

describe("a base", () => {
  const json = async (file: string, change: (value: Record<string, unknown>) => void): Promise<void> => {
    const value = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    change(value);
    await writeFile(file, JSON.stringify(value));
  };
  test.each<[string, (base: string) => Promise<void>, object]>([
    ["truncated weights", (base) => truncate(join(base, "model.safetensors"), 5000), { code: "weights", details: { file: "model.safetensors" } }], // prettier-ignore
    ["weights of another shape", (base) => json(join(base, "config.json"), (value) => (value["intermediate_size"] = 64)), { code: "weights", details: { file: "model.safetensors", tensor: "model.layers.0.mlp.gate_proj.weight" } }], // prettier-ignore
    ["an unknown field", (base) => json(join(base, "config.json"), (value) => (value["hiden_size"] = 1)), { code: "config", details: { file: "config.json", field: "hiden_size" } }], // prettier-ignore
    ["an unknown model type", (base) => json(join(base, "config.json"), (value) => (value["model_type"] = "llava")), { code: "config", details: { file: "config.json", field: "model_type" } }], // prettier-ignore
    ["no files", (base) => rm(base, { recursive: true }), { code: "file", details: { file: "" } }],
  ])("with %s is refused by file, tensor or field, before anything is trained", async (name, spoil, expected) => {
    const base = `base-${name.replaceAll(" ", "-")}`;
    await cp(join(root, "base"), join(root, base), { recursive: true });
    await spoil(join(root, base));
    const file = await writeRecipe(`with-${base}`, base);
    for (const options of [["--dry-run"], ["--out", join(root, `run-${base}`)]]) {
      const { code, error } = await train(file, ...options);
      expect(code).toBe(1);
      const { details, ...told } = error as ToldError;
      expect({ ...told, details: { ...details, file: String(details["file"]).replace(join(root, base), "").slice(1) } }).toMatchObject(expected); // prettier-ignore
      expect(told.message).toContain(base);
    }
  });
});
