import { z } from "zod";
import { parseConfig } from "../../../files/parse-config.ts";
import { clipTowerFields, type RawClipTower } from "../../multimodal/config/clip-tower-fields.ts";
import { activation, count, positive, tokenId } from "../../multimodal/config/fields.ts";
import { generationFields } from "../../multimodal/config/generation-fields.ts";
import { allIgnored, ignoredFields } from "../../multimodal/config/ignored-fields.ts";
import { llamaFields, type RawLlama } from "../../multimodal/config/llama-decoder.ts";

/** The fields of the whole model. */
export interface RawRoot {
  readonly model_type: "idefics3" | "smolvlm";
  readonly image_token_id: number;
  readonly scale_factor: number;
  readonly tie_word_embeddings: boolean;
  readonly pad_token_id?: number | null | undefined;
  readonly text_config: RawLlama;
  readonly vision_config: RawClipTower;
}

const without = z.literal(false).optional();

const textSchema = z.strictObject({
  ...ignoredFields,
  ...generationFields,
  model_type: z.literal("llama").default("llama"),
  ...llamaFields,
  rope_theta: positive.nullish(),
  qk_layer_norms: without, // these and the rest are of the published checkpoints; the reference implementation does not read them
  rope_interleaved: without,
  use_resampler: without,
  ...allIgnored(["_flash_attn_2_enabled", "is_llama_config", "neftune_noise_alpha", "perceiver_config", "pixel_shuffle_factor"]),
});

/** With the defaults of the reference implementation where they are not CLIP's. */
const visionSchema = z.strictObject({
  ...ignoredFields,
  ...generationFields,
  model_type: z.enum(["idefics3", "idefics3_vision", "smolvlm", "smolvlm_vision"]).optional(),
  ...clipTowerFields,
  hidden_size: count.default(1152),
  num_attention_heads: count.default(16),
  hidden_act: activation.default("gelu_pytorch_tanh"),
  layer_norm_eps: positive.default(1e-6),
  ...allIgnored(["bos_token_id", "eos_token_id", "pad_token_id", "tie_word_embeddings", "initializer_range"]),
  ...allIgnored(["max_image_size", "size", "use_base_siglip"]), // of the published checkpoints; sizes of tiles are the image processor's
});

const rootSchema = z.strictObject({
  ...ignoredFields,
  ...generationFields,
  model_type: z.enum(["idefics3", "smolvlm"]),
  image_token_id: tokenId.default(128_257),
  scale_factor: count.default(2),
  tie_word_embeddings: z.boolean().default(false),
  pad_token_id: tokenId.nullish(),
  text_config: textSchema,
  vision_config: visionSchema,
  ...allIgnored(["_pad_token_id", "bos_token_id", "eos_token_id", "image_seq_len", "initializer_range"]),
  ...allIgnored(["use_reentrant_checkpointing", "vocab_size"]),
});

/** Checks the fields of a `config.json`, as the published checkpoints and as transformers 4 and 5 write it. @throws {ConfigError} naming the field. */
export function parseRawConfig(value: unknown, { file }: { readonly file: string }): RawRoot {
  return parseConfig(rootSchema, value, { file });
}
