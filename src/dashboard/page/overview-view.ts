import type { NamedRun } from "./chart-data.ts";
import { colorOf } from "./colors.ts";
import { byId, element, swatch } from "./dom.ts";
import { readOverview, type Overview } from "./overview.ts";

/** Says how the runs stand: one run on cards, several in a table in which they can be hidden. */
export class OverviewView {
  readonly #root = byId("overview");
  readonly #onToggle: (name: string) => void;
  #shape = "";

  constructor(onToggle: (name: string) => void) {
    this.#onToggle = onToggle;
  }

  /** @param now by the server's clock, ms since 1970. */
  show(runs: readonly NamedRun[], hidden: readonly string[], now: number): void {
    const shape = JSON.stringify([runs.map(({ name }) => name), hidden]);
    const [first, second] = runs;
    const isNew = shape !== this.#shape;
    this.#shape = shape;
    if (first === undefined) return this.#root.replaceChildren();
    if (second === undefined) return this.#showCards(readOverview(first.data, now));
    if (isNew) this.#root.replaceChildren(this.#table(runs, hidden));
    for (const [row, { data }] of runs.entries()) this.#fillRow(row, readOverview(data, now));
  }

  #showCards(overview: Overview): void {
    const { done, cards } = overview;
    const bar = element("progress", { max: 1, value: done ?? undefined, "aria-label": "steps done" });
    const list = cards.map(({ label, value, note }) =>
      element(
        "div",
        { class: "card" },
        element("p", { class: "card-label" }, label),
        element("p", { class: "card-value" }, value),
        element("p", { class: "card-note" }, note ?? ""),
      ),
    );
    this.#root.replaceChildren(
      element("p", { class: "state" }, element("span", { class: `badge ${overview.state}` }, overview.stateText), ` ${overview.stateNote}`),
      bar,
      element("div", { class: "cards" }, ...list),
    );
  }

  #table(runs: readonly NamedRun[], hidden: readonly string[]): HTMLElement {
    const head = ["Run", "State", ...TABLE_CARDS].map((label) => element("th", { scope: "col" }, label));
    const rows = runs.map(({ name, place }) => {
      const box = element("input", { type: "checkbox", checked: !hidden.includes(runKey(name)) });
      box.addEventListener("change", () => this.#onToggle(runKey(name)));
      const label = element("label", { class: "run" }, box, swatch({ color: colorOf(place, true) }), name);
      const cells = ["State", ...TABLE_CARDS].map(() => element("td"));
      return element("tr", {}, element("th", { scope: "row" }, label), ...cells);
    });
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
    return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Runs" }, table);
  }

  #fillRow(row: number, { stateText, cards }: Overview): void {
    const cells = this.#root.querySelectorAll("tbody tr")[row]?.querySelectorAll("td") ?? [];
    const texts = [stateText, ...TABLE_CARDS.map((wanted) => cards.find(({ label }) => label === wanted)?.value ?? "")];
    for (const [place, cell] of [...cells].entries()) {
      const text = texts[place] ?? "";
      if (cell.textContent !== text) cell.textContent = text;
    }
  }
}

/** Cards that are columns of the table. */
const TABLE_CARDS = ["Step", "Loss", "P@1 in the batch", "P@1 on validation", "Inputs per second", "Time left"];

/** By which a run is hidden. */
export function runKey(name: string): string {
  return `run/${name}`;
}
