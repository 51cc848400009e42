import { expect, test } from "vitest";
import { formatTable } from "./table.ts";

test("columns are as wide as what they hold, numbers on the right", () => {
  const text = formatTable([{ title: "name" }, { title: "hits", align: "right" }], [["a cat", 5], ["dog", 1234]]); // prettier-ignore
  expect(text).toBe(["name   hits", "─────  ────", "a cat     5", "dog    1234"].join("\n"));
});

test("without titles there is no head", () => {
  expect(formatTable([{ title: "" }, { title: "" }], [["a", "b"], ["longer", "c"]])).toBe("a       b\nlonger  c"); // prettier-ignore
});

test("wide characters take two columns", () => {
  expect(formatTable([{ title: "" }, { title: "" }], [["😀", "x"], ["ab", "y"]])).toBe("😀  x\nab  y"); // prettier-ignore
});

test("the line under a title is as long as its column", () => {
  const [, line] = formatTable([{ title: "x" }], [["👩‍🚀"], ["é"]]).split("\n");
  expect(line).toBe("──");
});
