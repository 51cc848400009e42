import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { ConfigError } from "../../errors/families.ts";
import { readChatTemplate } from "./read-chat-template.ts";

let folder = "";
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "polyvec-chat-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, content: unknown): Promise<void> =>
  writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));

test("a folder without one has none", async () => {
  await write("tokenizer_config.json", { bos_token: "<s>", chat_template: null });
  expect(await readChatTemplate([folder])).toBeUndefined();
});

test("the newest of the three places counts, with the tokens that templates name", async () => {
  const tokens = { bos_token: "<s>", eos_token: "</s>" };
  await write("tokenizer_config.json", { bos_token: "<s>", eos_token: { content: "</s>", special: true }, chat_template: "settings" });
  expect(await readChatTemplate([folder])).toEqual({ template: "settings", file: join(folder, "tokenizer_config.json"), tokens });
  await write("chat_template.json", { chat_template: "json" });
  expect(await readChatTemplate([folder])).toEqual({ template: "json", file: join(folder, "chat_template.json"), tokens });
  await write("chat_template.jinja", "plain");
  expect(await readChatTemplate([folder])).toEqual({ template: "plain", file: join(folder, "chat_template.jinja"), tokens });
});

test("of several the default is taken, and of an adapter's folder that has none the base's", async () => {
  const templates = [
    { name: "tool_use", template: "tools" },
    { name: "default", template: "chat" },
  ];
  await write("tokenizer_config.json", { chat_template: templates });
  expect((await readChatTemplate([join(folder, "no-such-folder"), folder]))?.template).toBe("chat");
});

test("a damaged file is an error that names it", async () => {
  await write("tokenizer_config.json", { chat_template: 7 });
  const error = await thrownBy(() => readChatTemplate([folder]));
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toMatch(/tokenizer_config.json: chat_template/);
});
