import type { PromptTemplate } from "../../multimodal/prompt.ts";

/**
 * The chat of Qwen3-VL as Qwen3-VL-Embedding was trained with it: the instruction is the system's turn, image and text are the user's, and the
 * embedding is the state of the line end that opens the assistant's.
 * @source the model cards of Qwen3-VL-Embedding.
 */
export const QWEN3_VL_PROMPTS: PromptTemplate = {
  instruction: "<|im_start|>system\n{instruction}<|im_end|>\n<|im_start|>user\n",
  instructionFirst: true,
  defaultInstruction: "Represent the user's input.",
  image: "<|vision_start|>{image}<|vision_end|>",
  text: "{text}",
  close: "<|im_end|>\n<|im_start|>assistant",
  end: "\n",
  answer: "<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>",
};
