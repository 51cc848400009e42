import type { DrawnLine } from "./chart-data.ts";
import { colorOf, dashOf } from "./colors.ts";
import { element, swatch } from "./dom.ts";

/** What a legend shows. */
export interface LegendContent {
  readonly lines: readonly DrawnLine[];
  /** Keys of curves that are not drawn. */
  readonly hidden: readonly string[];
  readonly isCompared: boolean;
}

/** The curves of a chart by name, each with its value: buttons that hide and show them. */
export class ChartLegend {
  readonly root: HTMLElement = element("ul", { class: "legend" });
  readonly #onToggle: (key: string) => void;
  #values: HTMLElement[] = [];
  #labels: readonly string[] = [];

  constructor(onToggle: (key: string) => void) {
    this.#onToggle = onToggle;
  }

  /** Names and values, as one hears them. */
  get text(): string {
    return this.#labels.map((label, place) => `${label} ${this.#values[place]?.textContent ?? ""}`).join(", ");
  }

  show({ lines, hidden, isCompared }: LegendContent): void {
    this.#labels = lines.map(({ label }) => label);
    this.#values = lines.map(() => element("span", { class: "value" }));
    const items = lines.map(({ key, label, color, dash }, place) => {
      const mark = swatch({ color: colorOf(color, isCompared), dash: dashOf(dash) });
      const value = this.#values[place] as HTMLElement;
      const button = element(
        "button",
        { type: "button", "aria-pressed": String(!hidden.includes(key)) },
        mark,
        element("span", {}, label),
        value,
      );
      button.addEventListener("click", () => this.#onToggle(key));
      return element("li", {}, button);
    });
    this.root.replaceChildren(...items);
  }

  /** Puts values beside the names. */
  tell(values: readonly string[]): void {
    for (const [place, value] of values.entries()) {
      const shown = this.#values[place];
      if (shown !== undefined && shown.textContent !== value) shown.textContent = value;
    }
  }
}
