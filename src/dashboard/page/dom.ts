/** What an element can be given: attributes by name (true: present, false and undefined: absent). */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Makes an element. Text is always text: nothing that comes from a run is read as markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** The element with that id; page-html.ts has it. */
export function byId(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}

/** A square of a colour, or a line with its dashes, that stands for a curve. */
export function swatch({ color, dash }: { readonly color: string; readonly dash?: readonly number[] | undefined }): HTMLElement {
  const mark = element("span", { class: "swatch", "aria-hidden": "true" });
  mark.style.borderTop = `3px ${dash === undefined ? "solid" : (dash[0] ?? 0) > 3 ? "dashed" : "dotted"} ${color}`;
  return mark;
}
