import { intTensor } from "../../engine/tensor/tensor.ts";
import type { InputProcessor } from "../../model/multimodal/input-processor.ts";
import type { BatchProcessor, LanguageTokens } from "./batch-processor.ts";

/** The backbone's processor as training uses it. */
export function trainingProcessor(processor: InputProcessor, maxTokens: number): BatchProcessor {
  return {
    embeddingBatch: (inputs) => processor.processBatch(inputs, { maxTokens }),
    async languageBatch(examples): Promise<LanguageTokens> {
      const batch = await processor.processGenerative(examples, { maxTokens });
      const places = [...batch.answerMask.data.keys()].filter((at) => batch.answerMask.data[at] === 1);
      return {
        batch,
        answerRows: intTensor(
          [places.length],
          places.map((at) => at - 1),
        ),
        answerIds: intTensor(
          [places.length],
          places.map((at) => batch.inputIds.data[at] as number),
        ),
      };
    },
  };
}
