/** A piece of HTML that is safe to put in a page: made by {@link html}, or vouched for by {@link trustedHtml}. */
export interface Html {
  readonly markup: string;
}

/** What can stand in a template: text is escaped, HTML is kept, lists are joined, and nothing is shown for null, undefined and false. */
export type HtmlValue = Html | string | number | null | undefined | false | readonly HtmlValue[];

/**
 * A template of HTML whose values are escaped, in text and in quoted attributes alike: `` html`<p title="${name}">${name}</p>` ``.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const pieces = strings.map((text, index) => (index < values.length ? text + render(values[index]) : text));
  return { markup: pieces.join("") };
}

/** Marks markup of our own making (an SVG, a style sheet) as safe. Never call it with a name, a label or anything a user wrote. */
export function trustedHtml(markup: string): Html {
  return { markup };
}

/** Escapes text for HTML, in text and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string);
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function render(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "string") return escapeHtml(value);
  if (typeof value === "number") return String(value);
  return "markup" in value ? value.markup : value.map(render).join("");
}
