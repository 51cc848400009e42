import { ProcessorError } from "../errors/families.ts";
import { isChat, type ModelInput, type PromptInput } from "../inputs/embedding-input.ts";
import type { ChatTemplate } from "../model/formats/chat-template.ts";
import { nameInput } from "./prepare-input.ts";

/** Where the chat template of a model comes from; undefined if it has none. */
export type ChatTemplateReader = () => Promise<ChatTemplate | undefined>;

/** An input as a prompt can be laid out of it: a chat goes through the model's template. @throws {ProcessorError} if it cannot: detail `input`. */
export async function toPromptInput(input: ModelInput, index: number, { name, chatTemplate }: ChatModel): Promise<PromptInput> {
  if (!isChat(input)) return input;
  try {
    const template = await chatTemplate?.();
    if (template === undefined) {
      const message = `the model ${name} has no chat template; give text, image and instruction, or a prompt with its special tokens`;
      throw new ProcessorError({ message, details: { file: name } });
    }
    return template.render(input);
  } catch (error) {
    throw nameInput(error, index);
  }
}

interface ChatModel {
  readonly name: string;
  readonly chatTemplate?: ChatTemplateReader;
}
