import { z } from "zod";

/** A field that may hold anything. */
export const ignored: z.ZodOptional<z.ZodUnknown> = z.unknown().optional();

/** Fields that may hold anything. */
export function allIgnored<Name extends string>(names: readonly Name[]): Readonly<Record<Name, typeof ignored>> {
  return Object.fromEntries(names.map((name) => [name, ignored])) as Record<Name, typeof ignored>;
}

const NAMES = [
  "_name_or_path",
  "_attn_implementation",
  "_attn_implementation_autoset",
  "architectures",
  "attention_dropout",
  "auto_map",
  "bos_token_id",
  "dtype",
  "id2label",
  "label2id",
  "max_window_layers",
  "output_attentions",
  "output_hidden_states",
  "return_dict",
  "sliding_window",
  "tokenizer_class",
  "torch_dtype",
  "transformers_version",
  "unsloth_version",
  "use_cache",
  "vision_token_id",
] as const;

/** Fields of every configuration of `transformers` that change nothing in what Polyvec computes. */
export const ignoredFields: Readonly<Record<(typeof NAMES)[number], typeof ignored>> = allIgnored(NAMES);
