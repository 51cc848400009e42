import { columnsOf, linesOf, type NamedRun } from "./chart-data.ts";
import { CHARTS, otherCharts } from "./chart-list.ts";
import { ChartView, type ChartDrawing, type ChartEvents } from "./chart-view.ts";
import { byId, element } from "./dom.ts";

/** All charts, those that have curves. */
export class ChartsView {
  readonly #events: ChartEvents;
  readonly #main = element("div", { class: "gallery" });
  readonly #details = element("div", { class: "gallery" });
  readonly #folded = element("details", { hidden: true }, element("summary", {}, "More curves"), this.#details);
  readonly #views = new Map<string, ChartView>();

  constructor(events: ChartEvents & { readonly onUnfold: () => void }) {
    this.#events = events;
    byId("charts").append(this.#main, this.#folded);
    this.#folded.addEventListener("toggle", () => events.onUnfold());
  }

  /** @param isCompared whether there are several runs, of which some may be hidden. */
  draw(runs: readonly NamedRun[], isCompared: boolean, { settings, zoom }: Pick<ChartDrawing, "settings" | "zoom">): void {
    const shown = new Set<string>();
    for (const kind of [...CHARTS, ...otherCharts(columnsOf(runs, "steps"))]) {
      const lines = linesOf(kind, runs, { settings, isCompared });
      if (lines.length === 0) continue;
      shown.add(kind.id);
      if (kind.isDetail === true && !this.#folded.open) continue;
      let view = this.#views.get(kind.id);
      if (view === undefined) {
        view = new ChartView(kind, this.#events);
        this.#views.set(kind.id, view);
        (kind.isDetail === true ? this.#details : this.#main).append(view.root);
        this.#sort();
      }
      view.draw({ lines, settings, zoom, isCompared });
    }
    this.#folded.hidden = ![...shown].some((id) => !CHARTS.some((kind) => kind.id === id && kind.isDetail !== true));
    for (const [id, view] of this.#views) view.root.hidden = !shown.has(id);
  }

  /** Colours have changed. */
  forget(): void {
    for (const view of this.#views.values()) view.forget();
  }

  /** Charts stand in the order of the list, whenever their first numbers came. */
  #sort(): void {
    const place = (id: string): number => {
      const found = CHARTS.findIndex((kind) => kind.id === id);
      return found === -1 ? CHARTS.length : found;
    };
    const ids = [...this.#views.keys()].sort((a, b) => place(a) - place(b));
    for (const [order, id] of ids.entries()) {
      const view = this.#views.get(id);
      if (view !== undefined) view.root.style.order = String(order);
    }
  }
}
