/** The files of a model folder. */
export const MODEL_FILES = {
  polyvec: "polyvec.json",
  config: "config.json",
  weights: "model.safetensors",
  weightsIndex: "model.safetensors.index.json",
  paths: "paths.safetensors",
  adapterConfig: "adapter_config.json",
  adapter: "adapter_model.safetensors",
  tokenizer: "tokenizer.json",
  tokenizerConfig: "tokenizer_config.json",
  chatTemplate: "chat_template.jinja",
  /** Where older versions of `transformers` keep the template. */
  chatTemplateJson: "chat_template.json",
  preprocessor: "preprocessor_config.json",
  processor: "processor_config.json",
  card: "README.md",
  /** A folder: what the model makes of a collection that it ships with. */
  search: "search",
} as const;
