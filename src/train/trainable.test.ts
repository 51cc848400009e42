import { describe, expect, test } from "vitest";
import { zeros } from "../engine/tensor/tensor.ts";
import { ConfigError } from "../errors/families.ts";
import { TINY_BACKBONE } from "../../test/fixtures/qwen2-vl/tiny-model.ts";
import { countParameters } from "./count-parameters.ts";
import { trainableFilter, trainedWeights } from "./trainable.ts";

const NAMES = [
  "visual.patch_embed.proj.weight",
  "model.embed_tokens.weight",
  "model.layers.0.self_attn.q_proj.weight",
  "model.layers.0.self_attn.q_proj.lora_A.weight",
  "model.norm.weight",
  "lm_head.weight",
  "paths.gate.0.weight",
  "paths.layers.0.prefix_keys",
];
const WEIGHTS = new Map(NAMES.map((name) => [name, zeros([2, 3])]));
const LORA = { rank: 1, alpha: 1, targetModules: ["q_proj"] };
const PATHS = ["paths.gate.0.weight", "paths.layers.0.prefix_keys"];

const trained = (model: Parameters<typeof trainableFilter>[0]): string[] => NAMES.filter(trainableFilter(model, TINY_BACKBONE));

describe("what a recipe trains", () => {
  test("everything but adapters without LoRA; adapters and paths alone with it", () => {
    expect(trained({ lora: undefined, freeze: [] })).toEqual(NAMES.filter((name) => !name.includes("lora_")));
    expect(trained({ lora: LORA, freeze: [] })).toEqual(["model.layers.0.self_attn.q_proj.lora_A.weight", ...PATHS]);
  });

  test.each([
    ["vision", ["visual.patch_embed.proj.weight"]],
    ["decoder", ["model.layers.0.self_attn.q_proj.weight", "model.norm.weight"]],
    ["embeddings", ["model.embed_tokens.weight", "lm_head.weight"]],
  ] as const)("not %s if that is frozen", (part, frozen) => {
    const all = trained({ lora: undefined, freeze: [] });
    expect(all.filter((name) => !trained({ lora: undefined, freeze: [part] }).includes(name))).toEqual(frozen);
  });

  test("no input of a batch", () => {
    expect(
      ["query.inputIds", "pixelValues", "temperature", "seed:paths"].filter(
        trainableFilter({ lora: undefined, freeze: [] }, TINY_BACKBONE),
      ),
    ).toEqual([]);
  });

  test("nothing at all is an error", () => {
    const freeze = ["vision", "decoder", "embeddings"] as const;
    expect([...trainedWeights(WEIGHTS, { lora: undefined, freeze }, TINY_BACKBONE).keys()]).toEqual(PATHS);
    const single = new Map([...WEIGHTS].filter(([name]) => !PATHS.includes(name)));
    expect(() => trainedWeights(single, { lora: undefined, freeze }, TINY_BACKBONE)).toThrow(ConfigError);
  });
});

test("counts the numbers of a model and those that are trained", () => {
  expect(countParameters(WEIGHTS, { lora: LORA, freeze: [] }, TINY_BACKBONE)).toEqual({ total: 48, trained: 18 });
});
