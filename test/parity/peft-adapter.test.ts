import { TINY_BACKBONE } from "../fixtures/qwen2-vl/tiny-model.ts";
import { expect, test } from "vitest";
import { readJsonFile } from "../../src/files/json-file.ts";
import { parseAdapterConfig } from "../../src/model/folder/adapter-config.ts";
import { adapterTensorName, nameOfAdapterTensor } from "../../src/model/folder/checkpoint-names.ts";
import { openSafetensors } from "../../src/model/formats/safetensors.ts";

/** Written by PEFT itself: tools/reference/make_format_fixtures.py. */
const FOLDER = "test/fixtures/safetensors/adapter";

const LAYOUT = TINY_BACKBONE.checkpoint;

test("an adapter that PEFT wrote: configuration, names, shapes", async () => {
  const file = `${FOLDER}/adapter_config.json`;
  await using weights = await openSafetensors(`${FOLDER}/adapter_model.safetensors`);
  const { lora, base } = parseAdapterConfig(await readJsonFile(file), { file, tensorNames: weights.names });
  expect({ ...lora, targetModules: lora.targetModules.toSorted() }).toEqual({
    rank: 4,
    alpha: 8,
    targetModules: ["q_proj", "v_proj"],
    rankStabilized: true,
  });
  expect(base).toBeUndefined();
  const shapes = Object.fromEntries(weights.names.map((name) => [nameOfAdapterTensor(LAYOUT, name), weights.info(name).shape]));
  expect(shapes).toMatchObject({
    "model.layers.0.self_attn.q_proj.lora_A.weight": [4, 16],
    "model.layers.1.self_attn.v_proj.lora_B.weight": [8, 4],
  });
  expect(Object.keys(shapes)).toHaveLength(8);
});

test("names go to PEFT and back, of decoder and vision tower", () => {
  const names = ["model.layers.0.self_attn.q_proj.lora_A.weight", "visual.blocks.0.attn.qkv.lora_B.weight"];
  expect(names.map((name) => adapterTensorName(LAYOUT, name))).toEqual([
    "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight",
    "base_model.model.model.visual.blocks.0.attn.qkv.lora_B.weight",
  ]);
  expect(names.map((name) => adapterTensorName(LAYOUT, name)).map((name) => nameOfAdapterTensor(LAYOUT, name))).toEqual(names);
});
