import { Template } from "@huggingface/jinja";
import { ConfigError, ProcessorError } from "../../errors/families.ts";
import type { ChatInput, ChatMessage, ImageSource, VerbatimPrompt } from "../../inputs/embedding-input.ts";

/** Lays out chats as a model was trained with them. */
export interface ChatTemplate {
  /**
   * The chat as one prompt; each picture is the image token that the template puts in its place. What users typed is not escaped.
   * @throws {ConfigError} if the template is damaged. @throws {ProcessorError} if it refuses the chat.
   */
  render(chat: ChatInput): VerbatimPrompt;
}

/** What a template is made with. */
export interface ChatTemplateSource {
  /** What it was read from, for messages. */
  readonly file: string;
  /** What it may name: `bos_token`, `eos_token`, ... */
  readonly tokens: Readonly<Record<string, string>>;
}

/** A template in Jinja, as `chat_template.jinja` holds it; read when it is first used. */
export function createChatTemplate(source: string, { file, tokens }: ChatTemplateSource): ChatTemplate {
  let parsed: Template | undefined;
  return {
    render({ messages, addGenerationPrompt = false }) {
      parsed ??= parse(source, file);
      const values = { ...tokens, messages: messages.map(withoutPictures), add_generation_prompt: addGenerationPrompt };
      return { prompt: renderChat(parsed, values, file), images: messages.flatMap(picturesOf) };
    },
  };
}

function parse(source: string, file: string): Template {
  try {
    return new Template(source);
  } catch (cause) {
    const message = `${file}: the chat template cannot be used: ${reasonOf(cause)}; restore it, or give prompts as they stand`;
    throw new ConfigError({ message, details: { file }, cause });
  }
}

function renderChat(template: Template, values: Readonly<Record<string, unknown>>, file: string): string {
  try {
    return template.render(values);
  } catch (cause) {
    const message = `the chat template of ${file} refuses the chat: ${reasonOf(cause)}; change its roles or their order`;
    throw new ProcessorError({ message, details: { template: file }, cause });
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** A turn as templates see it. */
function withoutPictures({ role, content }: ChatMessage): object {
  if (typeof content === "string") return { role, content };
  return { role, content: content.map((part) => (part.type === "image" ? { type: "image" } : part)) };
}

function picturesOf({ content }: ChatMessage): ImageSource[] {
  return typeof content === "string" ? [] : content.flatMap((part) => (part.type === "image" ? [part.image] : []));
}
