import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { ConfigError } from "../../errors/families.ts";
import { readChatTemplate } from "./read-chat-template.ts";

let folder = "";
const made: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-chat-"));
  made.push(folder);
});
afterAll(() => Promise.all(made.map((path) => rm(path, { recursive: true, force: true }))));

const write = (name: string, value: unknown): Promise<void> =>
  writeFile(join(folder, name), typeof value === "string" ? value : JSON.stringify(value));
const rendered = async (): Promise<string | undefined> =>
  (await readChatTemplate([folder]))?.render({ messages: [{ role: "user", content: "hi" }] }).prompt;

test("a folder without a template has none", async () => {
  expect(await rendered()).toBeUndefined();
  await write("tokenizer_config.json", { bos_token: "<s>" });
  await write("processor_config.json", { image_seq_len: 4 });
  expect(await rendered()).toBeUndefined();
});

test("a template in a file of its own goes before those in other files, which may name several", async () => {
  await write("tokenizer_config.json", {
    bos_token: { content: "<s>" },
    chat_template: [
      { name: "tools", template: "tools" },
      { name: "default", template: "{{ bos_token }}old" },
    ],
  });
  expect(await rendered()).toBe("<s>old");
  await write("chat_template.json", { chat_template: "{{ bos_token }}json" });
  expect(await rendered()).toBe("<s>json");
  await write("chat_template.jinja", "{{ bos_token }}{{ messages[0].content }}");
  expect(await rendered()).toBe("<s>hi");
});

test("a field that is no template is named", async () => {
  await write("chat_template.json", { chat_template: 5 });
  await expect(rendered()).rejects.toBeInstanceOf(ConfigError);
  await expect(rendered()).rejects.toThrow(/chat_template\.json: chat_template is 5/);
});
