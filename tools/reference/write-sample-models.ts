/** Writes small model folders for check_model_folders.py: npx tsx tools/reference/write-sample-models.ts <folder>. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TINY_LORA, tinyModel } from "../../test/support/tiny-model.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";
import type { LoraConfig } from "../../src/model/nn/parameter-source.ts";

const root = process.argv[2] ?? "runs/sample-models";
const texts = JSON.parse(await readFile("test/fixtures/tokenizer/texts.json", "utf8")) as string[];

/** Layers of both towers, not all of a kind, of different ranks: PEFT has to be told which. */
const SOME_LAYERS: LoraConfig = {
  rank: 2,
  alpha: 4,
  targetModules: ["q_proj", "proj"],
  dora: true,
  rankStabilized: true,
  layers: {
    "model.layers.1.self_attn.q_proj": { rank: 2, alpha: 4 },
    "model.layers.1.mlp.down_proj": { rank: 3, alpha: 1 },
    "visual.blocks.0.attn.proj": { rank: 2, alpha: 5 },
  },
};
const SAMPLES = [
  { name: "float32", dtype: "float32", lora: TINY_LORA },
  { name: "float16", dtype: "float16", lora: TINY_LORA },
  { name: "int8", dtype: "int8", lora: TINY_LORA },
  { name: "dora", dtype: "float32", lora: { ...TINY_LORA, dora: true } },
  { name: "some-layers", dtype: "float32", lora: SOME_LAYERS },
] as const;

for (const { name, dtype, lora } of SAMPLES) {
  const path = join(root, name);
  await mkdir(root, { recursive: true });
  await saveModelFolder(path, tinyModel({ lora }), { dtype });
  await using model = await openModelFolder(path);
  const pixels = Uint8Array.from({ length: 3 * 40 * 24 }, (_, index) => (index * 7) % 256);
  const batch = await model.processor.processBatch([{ image: { width: 40, height: 24, data: pixels } }]);
  const expected = {
    texts: texts.map((text) => ({ text, ids: Array.from(model.processor.tokenizer.encode(text)) })),
    picture: { width: 40, height: 24, pixels: Array.from(pixels), patches: [...(batch.images?.inputs["pixelValues"]?.data ?? [])] },
    weights: Object.fromEntries(
      await Promise.all([...model.weights.shapes.keys()].map(async (name) => [name, (await model.weights.read(name)).data[0]] as const)),
    ),
  };
  await writeFile(join(path, "expected.json"), JSON.stringify(expected));
}
