import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { tinyModel, TINY_LORA, TINY_PATHS } from "../../../test/support/tiny-model.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";

let root = "";
let model = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-inspect-"));
  model = join(root, "model");
  const card = "# tiny\n\nA model.\n\n## Scores\n\nNone.\n\n## Limits\n\nAll.\n";
  await saveModelFolder(model, { ...tinyModel({ lora: TINY_LORA }), card }, { dtype: "int8" });
});
afterAll(() => rm(root, { recursive: true, force: true }));

test("tells what a model folder holds", async () => {
  const { code, values } = await runPolyvecJson("inspect", model);
  expect(code).toBe(0);
  expect(values).toEqual([
    expect.objectContaining({
      path: model,
      backbone: "qwen2_vl",
      paths: TINY_PATHS,
      lora: TINY_LORA,
      dimensions: 32,
      instructions: { "target-image": "a picture" },
      provenance: { seed: 1 },
      scores: "## Scores\n\nNone.",
      unused: [],
    }),
  ]);
  const [{ parts, parameters }] = values as [{ parts: { part: string; parameters: number; dtypes: string[] }[]; parameters: number }];
  expect(parts.find(({ part }) => part === "adapter")).toMatchObject({
    parameters: 2 * (2 * 32 + 32 * 2 + 2 * 32 + 16 * 2),
    dtypes: ["F32"],
  });
  expect(parts.find(({ part }) => part === "decoder")?.dtypes).toEqual(["F32", "I8"]);
  expect(parameters).toBe(parts.reduce((sum, part) => sum + part.parameters, 0));
});

test("tells it to people", async () => {
  const { code, out } = await runPolyvec("inspect", model);
  expect(code).toBe(0);
  expect(out).toMatch(/^paths +3, prefix of 2, parallel from the first layer, aggregation by gate$/m);
  expect(out).toMatch(/^adapter +LoRA of rank 2, alpha 4, on q_proj, v_proj$/m);
  expect(out).toMatch(/^decoder +\S+ K +\S+ kB +F32, I8$/m);
  expect(out).toMatch(/^target-image +"a picture"$/m);
  expect(out).not.toContain("Limits");
});

test("tells what a file of weights holds", async () => {
  const file = join(model, "model.safetensors");
  const { values } = await runPolyvecJson("inspect", file);
  expect(values).toEqual([expect.objectContaining({ file, metadata: { format: "pt" } })]);
  const { out } = await runPolyvec("inspect", file);
  expect(out).toMatch(/^model\.norm\.weight +F32 +\[32\] +128 B$/m);
  expect(out).toMatch(/^visual\.patch_embed\.proj\.weight +I8 \* scale +\[16, 3, 2, 4, 4\]/m);
});

test.each([
  ["nowhere", "file", 1],
  ["nowhere.safetensors", "file", 1],
  ["short.safetensors", "weights", 1],
])("%s ends with an error of kind %s", async (name, kind, code) => {
  await writeFile(join(root, "short.safetensors"), Buffer.alloc(100));
  await truncate(join(root, "short.safetensors"), 5);
  const result = await runPolyvecJson("inspect", join(root, name));
  expect([result.code, result.error]).toEqual([code, expect.objectContaining({ code: kind })]);
});
