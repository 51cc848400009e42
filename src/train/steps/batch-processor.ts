import type { EmbeddingInput, PromptInput } from "../../inputs/embedding-input.ts";
import type { IntTensor } from "../../engine/tensor/tensor.ts";
import type { TokenBatch } from "../../model/multimodal/token-batch.ts";

/** Inputs turned into tokens and pixels, with the places of the answer tokens. */
export interface LanguageTokens {
  readonly batch: TokenBatch;
  /** [A] int32: row b * T + t of the token before each answer token. */
  readonly answerRows: IntTensor;
  /** [A] int32: the answer tokens. */
  readonly answerIds: IntTensor;
}

/** What turns inputs into tokens: the backbone's processor. */
export interface BatchProcessor {
  embeddingBatch(inputs: readonly PromptInput[]): Promise<TokenBatch>;
  languageBatch(examples: readonly { readonly input: EmbeddingInput; readonly answer: string }[]): Promise<LanguageTokens>;
}
