import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { ConfigError, ProcessorError } from "../../errors/families.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import type { ChatMessage } from "../../inputs/embedding-input.ts";
import { createChatTemplate } from "./chat-template.ts";

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

test.each(cases)("a chat as transformers lays it out: $template $prompt", async ({ template, messages, prompt, ...options }) => {
  const chat = { messages, addGenerationPrompt: options.add_generation_prompt };
  const made = createChatTemplate(templates[template] ?? "", { file: "chat_template.jinja", tokens });
  if (prompt === null) {
    const error = await thrownBy(() => Promise.resolve(made.render(chat)));
    expect(error).toBeInstanceOf(ProcessorError);
    expect((error as ProcessorError).message).toMatch(/the chat template of chat_template\.jinja refuses the chat/);
    return;
  }
  const rendered = made.render(chat);
  expect(rendered.prompt).toBe(prompt);
  const marks = prompt.match(/<image>|<\|image_pad\|>/g) ?? [];
  expect(rendered.images).toEqual(marks.map(() => "picture.png"));
});

test("a damaged template is told when it is used", async () => {
  const template = createChatTemplate("{% for message in %}", { file: "chat_template.jinja", tokens: {} });
  const error = await thrownBy(() => Promise.resolve(template.render({ messages: [{ role: "user", content: "a" }] })));
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ details: { file: "chat_template.jinja" } });
});
