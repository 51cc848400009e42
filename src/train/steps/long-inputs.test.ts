import { expect, test, vi } from "vitest";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { loadRuntime } from "../../engine/runtime/onnx-runtime.ts";
import { measurePeakMemory } from "../../engine/runtime/peak-memory.ts";
import { floatTensor, intTensor, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { parseQwen2VLConfig } from "../../model/backbones/qwen2-vl/config.ts";
import { qwen2VLBackbone } from "../../model/backbones/qwen2-vl/backbone.ts";
import { initializeWeights } from "../../model/initialize.ts";
import { SINGLE_PATH } from "../../model/paths/path-config.ts";
import { encoderGraph } from "./encoder-graph.ts";
import { GradientSession } from "./gradient-session.ts";
import { stepSessionOptions } from "./step-session-options.ts";

vi.setConfig({ testTimeout: 300_000 });

const TOKENS = 4096;
const [LAYERS, HEADS, HIDDEN] = [8, 2, 32];

const backbone = qwen2VLBackbone(
  parseQwen2VLConfig(
    {
      model_type: "qwen2_vl",
      vocab_size: 64,
      hidden_size: HIDDEN,
      intermediate_size: 48,
      num_hidden_layers: LAYERS,
      num_attention_heads: HEADS,
      num_key_value_heads: 1,
      image_token_id: 60,
      video_token_id: 61,
      vision_start_token_id: 62,
      vision_end_token_id: 63,
      eos_token_id: 59,
      rope_scaling: { type: "mrope", mrope_section: [2, 3, 3] },
      vision_config: { depth: 1, embed_dim: 16, num_heads: 2, hidden_size: HIDDEN },
    },
    { file: "config.json" },
  ),
);
const lora = { rank: 2, alpha: 4, targetModules: ["q_proj", "v_proj"] };
const options = { backbone, paths: SINGLE_PATH, vision: "none", lora, recompute: true } as const;

/** Bytes of the attention scores of one layer, for all heads: T x T float32 each. */
const SCORES = HEADS * TOKENS ** 2 * 4;

function longInput(): Record<string, Tensor> {
  const half = backbone.decoder.headDimension / 2;
  const angles = (of: (angle: number) => number): FloatTensor =>
    floatTensor(
      [1, TOKENS, half],
      Float32Array.from({ length: TOKENS * half }, (_, at) => of(Math.floor(at / half) / 10 ** (at % half))),
    );
  return {
    inputIds: intTensor(
      [1, TOKENS],
      Int32Array.from({ length: TOKENS }, (_, at) => (at * 7) % 64),
    ),
    cosines: angles(Math.cos),
    sines: angles(Math.sin),
    lastRows: intTensor([1], Int32Array.of(TOKENS - 1)),
  };
}

/** Observed: 3.1 times a layer's scores forward, 4.4 times with the backward pass. */
test("4,096 tokens: forward and back, never the scores of all layers at once", async () => {
  await loadRuntime();
  const { graph, shapes } = encoderGraph(options);
  const weights = initializeWeights(shapes, { seed: 1, layerCount: LAYERS });
  for (const [name, { data }] of weights) if (name.endsWith("lora_B.weight")) data.fill(0.1);
  const inputs = longInput();
  const forward = await measurePeakMemory(async () => {
    await using session = await GraphSession.create(graph, stepSessionOptions({ threads: 2 }));
    return await session.run({ ...inputs, ...Object.fromEntries(weights) });
  });
  expect(forward.result["aggregate"]?.data.every((value) => Number.isFinite(Number(value)))).toBe(true);
  expect(forward.peakBytes).toBeLessThan(4 * SCORES);

  const backward = await measurePeakMemory(async () => {
    const session = await GradientSession.create(graph, {
      trainable: (name) => name.includes(".lora_"),
      seeds: { aggregate: "seed" },
      threads: 2,
    });
    const result = await session.run({ ...inputs, seed: floatTensor([1, HIDDEN], new Float32Array(HIDDEN).fill(1)) }, weights);
    await session.dispose();
    return result;
  });
  const gradients = [...backward.result.gradients];
  expect(gradients.length).toBe(2 * 2 * LAYERS);
  for (const [name, { data }] of gradients)
    expect([name, data.every(Number.isFinite), data.some((value) => value !== 0)]).toEqual([name, true, true]);
  expect(backward.peakBytes).toBeLessThan(LAYERS * SCORES);
});
