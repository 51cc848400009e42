import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { z } from "zod";
import { ConfigError, ProcessorError } from "../../errors/families.ts";
import { ChatTemplate } from "./chat-template.ts";

const part = z.object({ type: z.enum(["text", "image"]), text: z.string().optional() });
const fixtureSchema = z.object({
  tokens: z.record(z.string(), z.string()),
  templates: z.record(z.string(), z.string()),
  chats: z.record(z.string(), z.array(z.object({ role: z.string(), content: z.union([z.string(), z.array(part)]) }))),
  cases: z.array(z.object({ template: z.string(), chat: z.string(), addGenerationPrompt: z.boolean(), prompt: z.string().nullable() })),
});
const file = new URL("../../../test/fixtures/chat/expected.json", import.meta.url);
const { tokens, templates, chats, cases } = fixtureSchema.parse(JSON.parse(await readFile(file, "utf8")));

/** The fixture's pictures have no content: each gets a name of its own. */
function messagesOf(chat: string) {
  let pictures = 0;
  return (chats[chat] ?? []).map(({ role, content }) => ({
    role,
    content:
      typeof content === "string"
        ? content
        : content.map(({ type, text = "" }) =>
            type === "text" ? { type: "text" as const, text } : { type: "image" as const, image: `${pictures++}.png` },
          ),
  }));
}

const render = ({ template, chat, addGenerationPrompt }: (typeof cases)[number]) =>
  new ChatTemplate({ template: templates[template] ?? "", file: "chat_template.jinja", tokens }).render({
    messages: messagesOf(chat),
    addGenerationPrompt,
  });

test.each(cases.filter(({ prompt }) => prompt !== null))("as transformers: $template, $chat, begun: $addGenerationPrompt", (each) => {
  const contents = messagesOf(each.chat).map(({ content }) => content);
  const pictures = contents.flatMap((content) => (typeof content === "string" ? [] : content.filter(({ type }) => type === "image")));
  expect(render(each)).toEqual({ prompt: each.prompt, images: pictures.map((_, index) => `${index}.png`) });
});

test.each(cases.filter(({ prompt }) => prompt === null))("refused as by transformers: $template, $chat", (each) => {
  expect(() => render(each)).toThrow(ProcessorError);
  expect(() => render(each)).toThrow(/refuses the messages: .*Only user and assistant speak here/);
});

test("a template that is none is an error that names its file", () => {
  const make = () => new ChatTemplate({ template: "{% for %}", file: "some/chat_template.jinja", tokens: {} });
  expect(make).toThrow(ConfigError);
  expect(make).toThrow(/some\/chat_template.jinja: chat_template cannot be read/);
});
