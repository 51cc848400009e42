import { allIgnored, type ignored } from "./ignored-fields.ts";

const NAMES = [
  "add_cross_attention",
  "bad_words_ids",
  "begin_suppress_tokens",
  "chunk_size_feed_forward",
  "cross_attention_hidden_size",
  "decoder_start_token_id",
  "diversity_penalty",
  "do_sample",
  "early_stopping",
  "encoder_no_repeat_ngram_size",
  "exponential_decay_length_penalty",
  "finetuning_task",
  "forced_bos_token_id",
  "forced_eos_token_id",
  "is_decoder",
  "is_encoder_decoder",
  "length_penalty",
  "max_length",
  "min_length",
  "no_repeat_ngram_size",
  "num_beam_groups",
  "num_beams",
  "num_return_sequences",
  "output_scores",
  "prefix",
  "problem_type",
  "pruned_heads",
  "remove_invalid_values",
  "repetition_penalty",
  "return_dict_in_generate",
  "sep_token_id",
  "suppress_tokens",
  "task_specific_params",
  "temperature",
  "tf_legacy_loss",
  "tie_encoder_decoder",
  "top_k",
  "top_p",
  "torchscript",
  "transformers.js_config",
  "typical_p",
  "use_bfloat16",
] as const;

/**
 * Fields that transformers 4 wrote into configurations of parts of a model, whether they were set or not: settings of generation, and of kinds of models
 * that these are not. They change nothing in what Polyvec computes.
 */
export const generationFields: Readonly<Record<(typeof NAMES)[number], typeof ignored>> = allIgnored(NAMES);
