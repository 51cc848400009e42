import uPlot from "uplot";
import { align, type DrawnLine } from "./chart-data.ts";
import type { ChartKind } from "./chart-list.ts";
import { plotOptions } from "./chart-options.ts";
import { ChartLegend } from "./chart-legend.ts";
import { byId, element } from "./dom.ts";
import { formatCount, formatDuration, formatNumber, formatShare } from "./format.ts";
import type { Settings } from "./settings.ts";
import { thin, type Range } from "./thin.ts";

/** What a chart tells the page. */
export interface ChartEvents {
  readonly onZoom: (range: Range | undefined) => void;
  readonly onToggle: (key: string) => void;
}

/** Places of a chart's axis that are drawn; a longer run is thinned, until one looks closer. */
const MOST_PLACES = 3000;

/** How a chart is drawn. */
export interface ChartDrawing {
  readonly lines: readonly DrawnLine[];
  readonly settings: Settings;
  /** The part that is shown; all of it if not given. */
  readonly zoom: Range | undefined;
  /** Whether colours are runs. */
  readonly isCompared: boolean;
}

/** One chart: its curves, their legend with the values under the cursor, and the keys that move it. */
export class ChartView {
  readonly root: HTMLElement;
  readonly #kind: ChartKind;
  readonly #events: ChartEvents;
  readonly #plotBox: HTMLElement;
  readonly #place: HTMLElement;
  readonly #legend: ChartLegend;
  #plot: uPlot | undefined;
  #drawn: ChartDrawing | undefined;
  /** What the plot was built for; another needs another plot. */
  #signature = "";

  constructor(kind: ChartKind, events: ChartEvents) {
    this.#kind = kind;
    this.#events = events;
    this.#plotBox = element("div", {
      class: "plot",
      tabindex: 0,
      role: "group",
      "aria-label": `${kind.title}: left and right keys read values`,
    });
    this.#place = element("span", { class: "place" });
    this.#legend = new ChartLegend(events.onToggle);
    const note = kind.note === undefined ? [] : [element("p", { class: "note" }, kind.note)];
    const caption = element("figcaption", {}, element("span", {}, kind.title), this.#place);
    this.root = element("figure", { id: `chart-${kind.id}` }, caption, this.#plotBox, this.#legend.root, ...note);
    this.#plotBox.addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(() => this.#fit()).observe(this.#plotBox);
  }

  draw(drawing: ChartDrawing): void {
    this.#drawn = drawing;
    const { lines, settings, isCompared } = drawing;
    const hasRaw = this.#showsRaw();
    const look = matchMedia("(prefers-color-scheme: dark)").matches;
    const signature = JSON.stringify([lines.map(({ key, label }) => [key, label]), settings, hasRaw, isCompared, look]);
    const data = this.#data();
    if (this.#plot === undefined || signature !== this.#signature) this.#build(data, hasRaw);
    else this.#plot.setData(data, drawing.zoom === undefined);
    this.#signature = signature;
    this.#zoom();
    this.#tell();
  }

  /** Draws its curves anew, in the colours that are now. */
  forget(): void {
    this.#signature = "";
  }

  #build(data: uPlot.AlignedData, hasRaw: boolean): void {
    const { lines, settings, isCompared } = this.#drawn as ChartDrawing;
    this.#plot?.destroy();
    const hooks: uPlot.Hooks.Arrays = { setCursor: [() => this.#tell()], setSelect: [(plot) => this.#onSelect(plot)] };
    const options = plotOptions({ kind: this.#kind, lines, settings, isCompared, hasRaw, hooks });
    this.#plot = new uPlot({ ...options, ...this.#size() }, data, this.#plotBox);
    this.#plot.over.addEventListener("dblclick", () => this.#events.onZoom(undefined));
    this.#plot.over.addEventListener("pointermove", (event) => this.#onTouch(event));
    this.#legend.show({ lines, hidden: settings.hidden, isCompared });
  }

  /** Faint curves of what was smoothed, where there are few enough to be told apart. */
  #showsRaw(): boolean {
    const { lines, settings } = this.#drawn as ChartDrawing;
    return lines.length <= 4 && lines.some(({ raw, key }) => raw !== undefined && !settings.hidden.includes(key));
  }

  #data(): uPlot.AlignedData {
    const { lines, settings, zoom } = this.#drawn as ChartDrawing;
    const raw = this.#showsRaw() ? lines.map(({ x, raw, y }) => ({ x, y: raw ?? y })) : [];
    const { x, ys } = thin(align([...raw, ...lines]), { range: zoom, most: MOST_PLACES });
    const isLogarithmic = settings.isLogarithmic && this.#kind.canBeLogarithmic === true;
    const drawn = isLogarithmic ? ys.map((values) => values.map((value) => (typeof value === "number" && value <= 0 ? null : value))) : ys;
    return [x, ...drawn];
  }

  #zoom(): void {
    const zoom = this.#drawn?.zoom;
    if (zoom === undefined) return;
    const [min, max] = zoom;
    this.#plot?.setScale("x", { min, max });
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(200, this.#plotBox.clientWidth), height: 230 };
  }

  #fit(): void {
    const { width, height } = this.#size();
    if (this.#plot !== undefined && this.#plot.width !== width) this.#plot.setSize({ width, height });
  }

  #onSelect(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#events.onZoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
  }

  #onTouch(event: PointerEvent): void {
    if (event.pointerType === "mouse" || this.#plot === undefined) return;
    const { left, top } = this.#plot.over.getBoundingClientRect();
    this.#plot.setCursor({ left: event.clientX - left, top: event.clientY - top });
  }

  #onKey(event: KeyboardEvent): void {
    const plot = this.#plot;
    if (plot === undefined) return;
    if (event.key === "Escape") {
      plot.setCursor({ left: -10, top: -10 });
      return this.#events.onZoom(undefined);
    }
    const [first, last] = plot.series[0]?.idxs ?? [0, 0];
    const from = plot.cursor.idx ?? last;
    const places: Readonly<Record<string, number>> = {
      ArrowLeft: from - 1,
      ArrowRight: from + 1,
      PageUp: from - Math.ceil((last - first) / 10),
      PageDown: from + Math.ceil((last - first) / 10),
      Home: first,
      End: last,
    };
    const wanted = places[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    const place = Math.min(last, Math.max(first, wanted));
    plot.setCursor({ left: plot.valToPos(plot.data[0][place] as number, "x"), top: plot.over.clientHeight / 2 });
    byId("announcement").textContent = `${this.#place.textContent}: ${this.#legend.text}`;
  }

  /** Shows the values under the cursor, or the latest. */
  #tell(): void {
    const [plot, drawn] = [this.#plot, this.#drawn];
    if (plot === undefined || drawn === undefined) return;
    const { idx } = plot.cursor;
    const place = typeof idx === "number" ? plot.data[0][idx] : undefined;
    this.#place.textContent = place === undefined ? "" : describePlace(place, drawn.settings);
    const ofLines = plot.data.slice(plot.data.length - drawn.lines.length);
    const format = this.#kind.unit === "share" ? formatShare : formatNumber;
    this.#legend.tell(
      ofLines
        .map((values) => lastNumber(values, typeof idx === "number" ? idx : values.length - 1))
        .map((value) => (value === undefined ? "" : format(value))),
    );
  }
}

function describePlace(place: number, { axis }: Settings): string {
  return axis === "steps" ? `step ${formatCount(place)}` : `after ${formatDuration(place * 3600)}`;
}

/** The last number of a curve up to a place. */
function lastNumber(values: ArrayLike<number | null | undefined>, place: number): number | undefined {
  for (let at = Math.min(place, values.length - 1); at >= 0; at--) {
    const value = values[at];
    if (typeof value === "number") return value;
  }
  return undefined;
}
