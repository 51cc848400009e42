import type { NamedRun } from "./chart-data.ts";
import { byId, element } from "./dom.ts";
import { formatCount } from "./format.ts";

/** Notes that are shown; the latest of them. */
const MOST = 50;

/** Lists the runs' warnings and changed settings, the latest first. */
export function showNotes(runs: readonly NamedRun[]): void {
  const section = byId("warnings");
  const notes = runs.flatMap(({ name, data }) => data.notes.map((note) => ({ name, ...note })));
  section.hidden = notes.length === 0;
  const items = notes
    .sort((a, b) => b.step - a.step)
    .slice(0, MOST)
    .map(({ name, step, kind, text }) => {
      const where = `${runs.length > 1 ? `${name}, ` : ""}step ${formatCount(step)}`;
      return element("li", {}, element("b", {}, `${where}: `), text, " ", element("code", {}, kind));
    });
  const more = notes.length > MOST ? [element("li", {}, `and ${formatCount(notes.length - MOST)} earlier ones, in metrics.jsonl`)] : [];
  section.querySelector("ul")?.replaceChildren(...items, ...more);
}
