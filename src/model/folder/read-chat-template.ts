import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readJsonFile } from "../../files/json-file.ts";
import { parseConfig } from "../../files/parse-config.ts";
import type { ChatTemplateSource } from "../formats/chat-template.ts";
import { MODEL_FILES } from "./model-files.ts";

/**
 * The chat template of a model: of `chat_template.jinja`, of `chat_template.json`, or of the `chat_template` in `tokenizer_config.json`, whichever the
 * first of the folders has; of several named ones the one called `default`. @returns undefined if there is none.
 * @throws {ConfigError} if a file is damaged. @throws {FileError} if it cannot be read.
 */
export async function readChatTemplate(folders: readonly string[]): Promise<ChatTemplateSource | undefined> {
  for (const folder of folders) {
    const settings = await readIfThere(join(folder, MODEL_FILES.tokenizerConfig));
    const { tokens, template: inSettings } = parseSettings(settings, join(folder, MODEL_FILES.tokenizerConfig));
    const plain = join(folder, MODEL_FILES.chatTemplate);
    if (await isThere(plain)) return { template: await readFile(plain, "utf8"), file: plain, tokens };
    const json = join(folder, MODEL_FILES.chatTemplateJson);
    const inJson = parseSettings(await readIfThere(json), json).template;
    if (inJson !== undefined) return { template: inJson, file: json, tokens };
    if (inSettings !== undefined) return { template: inSettings, file: join(folder, MODEL_FILES.tokenizerConfig), tokens };
  }
  return undefined;
}

const namedTemplates = z.array(z.object({ name: z.string(), template: z.string() }));
const token = z.union([z.string(), z.looseObject({ content: z.string() }), z.null()]).optional();
const settingsSchema = z.looseObject({
  chat_template: z.union([z.string(), namedTemplates, z.null()]).optional(),
  bos_token: token,
  eos_token: token,
  pad_token: token,
  unk_token: token,
});

interface TokenizerSettings {
  readonly template: string | undefined;
  readonly tokens: Readonly<Record<string, string>>;
}

function parseSettings(value: unknown, file: string): TokenizerSettings {
  if (value === undefined) return { template: undefined, tokens: {} };
  const { chat_template: templates, ...raw } = parseConfig(settingsSchema, value, { file });
  const tokens = (["bos_token", "eos_token", "pad_token", "unk_token"] as const).flatMap((name) => {
    const given = raw[name];
    return given === undefined || given === null ? [] : [[name, typeof given === "string" ? given : given.content] as const];
  });
  return { template: chosen(templates), tokens: Object.fromEntries(tokens) };
}

function chosen(templates: z.output<typeof settingsSchema>["chat_template"]): string | undefined {
  if (typeof templates === "string") return templates;
  return (templates?.find(({ name }) => name === "default") ?? templates?.[0])?.template;
}

async function readIfThere(file: string): Promise<unknown> {
  return (await isThere(file)) ? readJsonFile(file) : undefined;
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
