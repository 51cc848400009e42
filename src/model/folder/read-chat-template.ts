import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { asFileError } from "../../files/atomic-write.ts";
import { readJsonFile } from "../../files/json-file.ts";
import { parseConfig } from "../../files/parse-config.ts";
import { createChatTemplate, type ChatTemplate } from "../formats/chat-template.ts";
import { MODEL_FILES } from "./model-files.ts";

const named = z.looseObject({ name: z.string(), template: z.string() });
const schema = z.looseObject({ chat_template: z.union([z.string(), z.array(named)]).nullish() });

/**
 * The template for chats of the first folder that has one: `chat_template.jinja`, or the field `chat_template` of `chat_template.json`,
 * `processor_config.json` or `tokenizer_config.json`. @returns undefined if there is none.
 * @throws {FileError} if a file cannot be read. @throws {ConfigError} if it is damaged.
 */
export async function readChatTemplate(folders: readonly string[]): Promise<ChatTemplate | undefined> {
  for (const folder of folders) {
    const found = await findTemplate(folder);
    if (found === undefined) continue;
    return createChatTemplate(found.source, { file: found.file, tokens: await specialTokens(folder) });
  }
  return undefined;
}

interface FoundTemplate {
  readonly source: string;
  readonly file: string;
}

const HOLDERS = [MODEL_FILES.chatTemplateJson, MODEL_FILES.processor, MODEL_FILES.tokenizerConfig] as const;

async function findTemplate(folder: string): Promise<FoundTemplate | undefined> {
  const own = join(folder, MODEL_FILES.chatTemplate);
  if (await isThere(own)) return { file: own, source: await readText(own) };
  for (const name of HOLDERS) {
    const file = join(folder, name);
    const source = (await isThere(file)) ? templateOf(await readJsonFile(file), file) : undefined;
    if (source !== undefined) return { file, source };
  }
  return undefined;
}

/** The field's template; of several the one called "default". */
function templateOf(value: unknown, file: string): string | undefined {
  const { chat_template: template } = parseConfig(schema, value, { file });
  return Array.isArray(template) ? template.find(({ name }) => name === "default")?.template : (template ?? undefined);
}

/** `bos_token`, `eos_token` and the like, as `tokenizer_config.json` has them: as text, or as objects with their `content`. */
async function specialTokens(folder: string): Promise<Record<string, string>> {
  const file = join(folder, MODEL_FILES.tokenizerConfig);
  const value = (await isThere(file)) ? await readJsonFile(file) : {};
  return Object.fromEntries(
    Object.entries(parseConfig(z.looseObject({}), value, { file })).flatMap(([name, token]): [string, string][] => {
      const content: unknown = typeof token === "object" && token !== null && "content" in token ? token.content : token;
      return name.endsWith("_token") && typeof content === "string" ? [[name, content]] : [];
    }),
  );
}

async function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: unknown) => Promise.reject(asFileError(error, file, "read")));
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
