import type { NamedRun } from "./chart-data.ts";
import { byId, element } from "./dom.ts";
import { fieldDifferences } from "./field-differences.ts";

let shown = "";

/** Shows the runs' recipes, folded, and of several runs what they differ in. */
export function showRecipes(runs: readonly NamedRun[]): void {
  const known = runs.filter(({ data }) => data.facts?.recipe !== null && data.facts?.recipe !== undefined);
  const section = byId("recipes");
  section.hidden = known.length === 0;
  const content = JSON.stringify(known.map(({ name, data }) => [name, data.facts?.recipe]));
  if (content === shown) return; // what was unfolded stays so
  shown = content;
  const recipes = known.map(({ name, data }) => {
    const text = JSON.stringify(data.facts?.recipe, null, 2);
    return element("details", {}, element("summary", {}, `config.json of ${name}`), element("pre", { tabindex: 0 }, text));
  });
  const title = section.querySelector("h2") as HTMLElement;
  title.textContent = known.length > 1 ? "Recipes" : "Recipe";
  section.replaceChildren(title, ...(known.length > 1 ? [differenceTable(known)] : []), ...recipes);
}

function differenceTable(runs: readonly NamedRun[]): HTMLElement {
  const rows = fieldDifferences(runs.map(({ data }) => data.facts?.recipe));
  if (rows.length === 0) return element("p", {}, "All have the same recipe.");
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, "Field"),
    ...runs.map(({ name }) => element("th", { scope: "col" }, name)),
  );
  const body = rows.map(({ field, values }) =>
    element("tr", {}, element("th", { scope: "row" }, field), ...values.map((value) => element("td", {}, value))),
  );
  const table = element(
    "table",
    {},
    element("caption", {}, "What the recipes differ in"),
    element("thead", {}, head),
    element("tbody", {}, ...body),
  );
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "What the recipes differ in" }, table);
}
