import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { ConfigError, ProcessorError } from "../../errors/families.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import type { ChatMessage } from "../../inputs/embedding-input.ts";
import { createChatTemplate, type ChatTemplate } from "./chat-template.ts";

interface Case {
  readonly template: string;
  readonly messages: readonly ChatMessage[];
  readonly add_generation_prompt: boolean;
  /** null where the library refuses the chat. */
  readonly prompt: string | null;
}

const { templates, tokens, cases } = JSON.parse(await readFile("test/fixtures/chat/cases.json", "utf8")) as {
  templates: Record<string, string>;
  tokens: Record<string, string>;
  cases: Case[];
};

const rendered = ({ template, messages, add_generation_prompt: addGenerationPrompt }: Case): ReturnType<ChatTemplate["render"]> =>
  createChatTemplate(templates[template] ?? "", { file: "chat_template.jinja", tokens }).render({ messages, addGenerationPrompt });

const laidOut = cases.flatMap(({ prompt, ...chat }) => (prompt === null ? [] : [{ ...chat, prompt }]));

test.each(laidOut)("a chat as transformers lays it out: $template $prompt", (chat) => {
  const { prompt, images } = rendered(chat);
  expect(prompt).toBe(chat.prompt);
  expect(images).toEqual((chat.prompt.match(/<image>|<\|image_pad\|>/g) ?? []).map(() => "picture.png"));
});

test.each(cases.filter(({ prompt }) => prompt === null))("what transformers refuses is refused: $template", async (chat) => {
  const error = await thrownBy(() => rendered(chat));
  expect(error).toBeInstanceOf(ProcessorError);
  expect((error as ProcessorError).message).toMatch(
    /the chat template of chat_template\.jinja refuses the chat: a system turn is not known/,
  );
});

test("a damaged template is told when it is used", async () => {
  const template = createChatTemplate("{% for message in %}", { file: "chat_template.jinja", tokens: {} });
  const error = await thrownBy(() => Promise.resolve(template.render({ messages: [{ role: "user", content: "a" }] })));
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ details: { file: "chat_template.jinja" } });
});
