import { z } from "zod";
import { parseConfig } from "../../files/parse-config.ts";
import type { LoraConfig, LoraLayer } from "../nn/parameter-source.ts";
import type { AdapterRule } from "./adapter-rule.ts";

/** An `adapter_config.json` of PEFT. */
export interface AdapterConfig {
  readonly file: string;
  readonly rule: AdapterRule;
  readonly rank: number;
  readonly alpha: number;
  /** Ranks, and alphas, of the layers whose names a pattern fits. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  readonly rankStabilized: boolean;
  readonly dora: boolean;
  /** What the adapter was trained on: a path or a name. */
  readonly base?: string;
}

const none = z.union([z.null(), z.literal(false), z.record(z.string(), z.never()), z.array(z.never())]).optional();
const names = z.union([z.array(z.string().min(1)).min(1), z.string().min(1)]);
const pattern = z.record(z.string(), z.number().positive()).nullish();

/** Fields that change what is computed are checked; PEFT has many others, which are passed over. */
const adapterSchema = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: names,
  exclude_modules: z.union([names, z.array(z.never())]).nullish(),
  layers_to_transform: z.union([z.int(), z.array(z.int())]).nullish(),
  rank_pattern: pattern,
  alpha_pattern: pattern,
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  base_model_name_or_path: z.string().nullish(),
  bias: z.literal("none").optional(),
  lora_bias: none,
  fan_in_fan_out: none,
  layer_replication: none,
  modules_to_save: none,
  trainable_token_indices: none,
  target_parameters: none,
  alora_invocation_tokens: none,
  arrow_config: none,
  use_bdlora: none,
  use_qalora: none,
  kasa_config: none,
  monteclora_config: none,
});

/**
 * Parses an `adapter_config.json`.
 * @throws {ConfigError} if it is no LoRA, or one of a kind that is not computed here (trained biases, whole modules saved beside it, ...).
 */
export function parseAdapterConfig(value: unknown, { file }: { readonly file: string }): AdapterConfig {
  const raw = parseConfig(adapterSchema, value, { file });
  const base = raw.base_model_name_or_path ?? "";
  const { exclude_modules: excluded, layers_to_transform: layers } = raw;
  return {
    file,
    rule: {
      targets: raw.target_modules,
      excluded: excluded ?? [],
      someLayersOnly: layers !== undefined && layers !== null && (typeof layers === "number" || layers.length > 0),
    },
    rank: raw.r,
    alpha: raw.lora_alpha,
    rankPattern: raw.rank_pattern ?? {},
    alphaPattern: raw.alpha_pattern ?? {},
    rankStabilized: raw.use_rslora ?? false,
    dora: raw.use_dora ?? false,
    ...(base === "" ? {} : { base }),
  };
}

/** How an adapter is written down for PEFT. */
export interface AdapterNames {
  /** What `target_modules` lists. */
  readonly targets: readonly string[];
  /** The name that PEFT gives to a layer. */
  readonly nameOf: (layer: string) => string;
}

/** The `adapter_config.json` that PEFT loads. */
export function toAdapterJson(lora: LoraConfig, { targets, nameOf }: AdapterNames, base?: string): Readonly<Record<string, unknown>> {
  const differing = (field: keyof LoraLayer): Record<string, number> =>
    Object.fromEntries(
      Object.entries(lora.layers ?? {}).flatMap(([layer, own]) => (own[field] === lora[field] ? [] : [[nameOf(layer), own[field]]])),
    );
  return {
    peft_type: "LORA",
    task_type: "FEATURE_EXTRACTION",
    base_model_name_or_path: base ?? null,
    r: lora.rank,
    lora_alpha: lora.alpha,
    rank_pattern: differing("rank"),
    alpha_pattern: differing("alpha"),
    lora_dropout: lora.dropout ?? 0,
    target_modules: [...targets],
    use_rslora: lora.rankStabilized ?? false,
    use_dora: lora.dora ?? false,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    modules_to_save: null,
  };
}
