import { describe, expect, it } from "vitest";
import { anchorsOf, linksOf } from "./links.ts";

describe("linksOf", () => {
  it("finds links, images, definitions and HTML attributes, outside of code", () => {
    const markdown = ["[a](a.md#b) ![c](c.png)", "[d]: d.md", '<img src="e.svg">', "`[f](f.md)`", "```", "[g](g.md)", "```"].join("\n");
    expect(linksOf(markdown)).toEqual([
      { target: "a.md#b", line: 1 },
      { target: "c.png", line: 1 },
      { target: "d.md", line: 2 },
      { target: "e.svg", line: 3 },
    ]);
  });
});

describe("anchorsOf", () => {
  it("names headings as GitHub does", () => {
    const markdown = "# What it is\n## `npm run check`, in short\n```\n# no heading\n```\n## What it is\n### Paths × tasks\n";
    expect([...anchorsOf(markdown)]).toEqual(["what-it-is", "npm-run-check-in-short", "what-it-is-1", "paths--tasks"]);
  });
});
