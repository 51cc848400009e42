import CliTable3 from "cli-table3";

/** A column of a table. */
export interface TableColumn {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly align?: "left" | "right";
}

const NO_LINES = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right", "left", "left-mid"]
    .concat(["mid", "mid-mid", "right", "right-mid"])
    .map((name) => [name, ""]),
);

/** Rows under titles, in columns as wide as what they hold, without lines. Ends without a line break. */
export function formatTable(columns: readonly TableColumn[], rows: readonly (readonly (string | number)[])[]): string {
  const table = new CliTable3({
    colAligns: columns.map(({ align = "left" }) => align),
    chars: { ...NO_LINES, middle: "  " },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [], compact: true },
  });
  const titles = columns.map(({ title }) => title);
  const underlines = titles.map((title, column) =>
    "─".repeat(Math.max(...[title, ...rows.map((row) => String(row[column]))].map(widthOf))),
  );
  table.push(...(titles.some((title) => title !== "") ? [titles, underlines] : []), ...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const GRAPHEMES = new Intl.Segmenter();

/** Columns that a text takes on a terminal; pictographs take two. */
function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) width += /\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(segment) ? 2 : 1;
  return width;
}
