import { Template } from "@huggingface/jinja";
import { ConfigError, ProcessorError } from "../../errors/families.ts";
import type { ChatInput, ChatMessage, ImageSource, VerbatimPrompt } from "../../inputs/embedding-input.ts";

/** A chat template as a model folder holds it. */
export interface ChatTemplateSource {
  /** In Jinja, as Hugging Face's tokenizers and processors have it. */
  readonly template: string;
  /** Where it was found, for messages. */
  readonly file: string;
  /** Tokens that templates may name, such as `bos_token`. */
  readonly tokens: Readonly<Record<string, string>>;
}

/**
 * Makes prompts of chats as the model was trained to see them, with one image token for each picture.
 * @source `apply_chat_template` of `transformers`.
 */
export class ChatTemplate {
  readonly #source: ChatTemplateSource;
  readonly #template: Template;

  /** @throws {ConfigError} if it is no Jinja template. */
  constructor(source: ChatTemplateSource) {
    this.#source = source;
    try {
      this.#template = new Template(source.template);
    } catch (cause) {
      const message = `${source.file}: chat_template cannot be read: ${reasonOf(cause)}; restore the file`;
      throw new ConfigError({ message, details: { file: source.file, field: "chat_template" }, cause });
    }
  }

  /** @throws {ProcessorError} if the template refuses the messages, in its words. */
  render({ messages, addGenerationPrompt = false }: ChatInput): VerbatimPrompt {
    const { file, tokens } = this.#source;
    try {
      const prompt = this.#template.render({
        ...tokens,
        messages: messages.map(toTemplateMessage),
        add_generation_prompt: addGenerationPrompt,
      });
      return { prompt, images: messages.flatMap(imagesOf) };
    } catch (cause) {
      const message = `the chat template of ${file} refuses the messages: ${reasonOf(cause)}; change their roles or order`;
      throw new ProcessorError({ message, details: { file, roles: messages.map(({ role }) => role) }, cause });
    }
  }
}

/** Templates see that there is a picture, not which. */
function toTemplateMessage({ role, content }: ChatMessage): Record<string, unknown> {
  if (typeof content === "string") return { role, content };
  return { role, content: content.map((part) => (part.type === "text" ? { type: part.type, text: part.text } : { type: part.type })) };
}

function imagesOf({ content }: ChatMessage): ImageSource[] {
  return typeof content === "string" ? [] : content.flatMap((part) => (part.type === "image" ? [part.image] : []));
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
