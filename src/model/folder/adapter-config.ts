import { z } from "zod";
import { ConfigError } from "../../errors/families.ts";
import { parseConfig } from "../../files/parse-config.ts";
import type { LoraConfig } from "../nn/parameter-source.ts";

/** An `adapter_config.json` of PEFT. */
export interface AdapterConfig {
  readonly lora: LoraConfig;
  /** What the adapter was trained on: a path or a name. */
  readonly base?: string;
}

const none = z.union([z.null(), z.literal(false), z.record(z.string(), z.never())]).optional();

/** Fields that change what is computed are checked; PEFT has many others, which are passed over. */
const adapterSchema = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.union([z.array(z.string().min(1)).min(1), z.string().min(1)]),
  use_rslora: z.boolean().default(false),
  base_model_name_or_path: z.string().nullish(),
  bias: z.literal("none").optional(),
  use_dora: none,
  lora_bias: none,
  fan_in_fan_out: none,
  rank_pattern: none,
  alpha_pattern: none,
  layer_replication: none,
  modules_to_save: z.null().optional(),
});

/**
 * Parses an `adapter_config.json`.
 * @param tensorNames names in the adapter's file, from which the target modules are taken where the configuration has a pattern.
 * @throws {ConfigError} if it is no LoRA, or one of a kind that is not computed here (DoRA, ranks by pattern, trained biases, ...).
 */
export function parseAdapterConfig(value: unknown, { file, tensorNames }: { file: string; tensorNames: Iterable<string> }): AdapterConfig {
  const raw = parseConfig(adapterSchema, value, { file });
  const present = modulesOf(tensorNames);
  const targetModules = typeof raw.target_modules === "string" ? present : raw.target_modules.map(lastPart);
  const missing = present.find((name) => !targetModules.includes(name));
  if (missing !== undefined) {
    const [field, got] = ["target_modules", raw.target_modules];
    const message = `${file}: ${field} is ${JSON.stringify(got)}, but the adapter's file also adapts ${missing}; restore the two files together`;
    throw new ConfigError({ message, details: { file, field, got, expected: present } });
  }
  const lora = { rank: raw.r, alpha: raw.lora_alpha, targetModules, rankStabilized: raw.use_rslora };
  const base = raw.base_model_name_or_path ?? "";
  return { lora, ...(base === "" ? {} : { base }) };
}

/** The `adapter_config.json` that PEFT loads. */
export function toAdapterJson({ lora, base }: AdapterConfig): Readonly<Record<string, unknown>> {
  return {
    peft_type: "LORA",
    task_type: "FEATURE_EXTRACTION",
    base_model_name_or_path: base ?? null,
    r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: 0,
    target_modules: [...lora.targetModules],
    use_rslora: lora.rankStabilized ?? false,
    use_dora: false,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    modules_to_save: null,
  };
}

const MODULE = /([^.]+)\.lora_[AB]\.weight$/;

function modulesOf(tensorNames: Iterable<string>): string[] {
  const modules = [...tensorNames].flatMap((name) => MODULE.exec(name)?.[1] ?? []);
  return [...new Set(modules)].sort();
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
