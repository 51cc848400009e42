import { openConnection, type ConnectionState } from "./connection.ts";
import { ChartsView } from "./charts-view.ts";
import type { NamedRun } from "./chart-data.ts";
import { makeControls } from "./controls-view.ts";
import { byId, element } from "./dom.ts";
import { showNotes } from "./notes-view.ts";
import { OverviewView, runKey } from "./overview-view.ts";
import { showRecipes } from "./recipes-view.ts";
import { RunData } from "./run-data.ts";
import { loadSettings, saveSettings, type Settings } from "./settings.ts";
import type { Range } from "./thin.ts";

/** Milliseconds between two drawings, at least; a drawing that takes long is given longer rests. */
const REST_MS = 250;
const REST_FACTOR = 4;

/** The page: what it was told, and how it is drawn. */
class Page {
  readonly #runs: RunData[] = [];
  #server = "";
  #folders: readonly string[] = [];
  #clock = 0; // the server's, less this machine's
  #isClosed = false;
  #state: ConnectionState = "connecting";
  #settings: Settings = loadSettings();
  #zoom: Range | undefined;
  #isDue = false;
  /** Whether anything has come since the charts were drawn. */
  #hasNews = true;
  /** Whether all that was there at first has come. */
  #isReady = false;
  #restUntil = 0;
  readonly #charts = new ChartsView({
    onZoom: (range) => this.#look(range),
    onToggle: (key) => this.#toggle(key),
    onUnfold: () => this.#draw(),
  });
  readonly #overview = new OverviewView((name) => this.#toggle(name));
  readonly #controls = makeControls(this.#settings, { onChange: (change) => this.#change(change), onWhole: () => this.#look(undefined) });

  /** Listens, and draws whatever comes. */
  start(): void {
    openConnection({
      onState: (state) => {
        this.#state = state;
        this.#draw();
      },
      have: () => `${this.#server}:${this.#runs.map(({ generation, count }) => `${generation}.${count}`).join(",")}`,
      handlers: {
        hello: ({ server, folders, now }) => {
          this.#server = server;
          this.#folders = folders;
          this.#isClosed = false;
          this.#setClock(now);
        },
        run: (facts) => {
          this.#run(facts.run).facts = facts;
          this.#draw();
        },
        rows: (message) => {
          this.#run(message.run).take(message);
          this.#draw();
        },
        ready: ({ now, runs }) => {
          this.#isReady = true;
          this.#runs.length = Math.min(this.#runs.length, runs);
          this.#setClock(now);
          this.#draw();
        },
        beat: ({ now }) => this.#setClock(now),
        bye: () => void (this.#isClosed = true),
      },
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#charts.forget();
      this.#draw();
    });
    setInterval(() => this.#drawSoon(), 5000); // the time left goes on without news
  }

  #run(place: number): RunData {
    return (this.#runs[place] ??= new RunData());
  }

  #setClock(now: number): void {
    this.#clock = now - Date.now();
  }

  #toggle(key: string): void {
    const { hidden } = this.#settings;
    this.#change({ hidden: hidden.includes(key) ? hidden.filter((other) => other !== key) : [...hidden, key] });
  }

  #change(change: Partial<Settings>): void {
    if (change.axis !== undefined) this.#look(undefined);
    this.#settings = { ...this.#settings, ...change };
    saveSettings(this.#settings);
    this.#restUntil = 0;
    this.#draw();
  }

  #look(range: Range | undefined): void {
    this.#zoom = range;
    this.#controls.setZoomed(range !== undefined);
    this.#restUntil = 0;
    this.#draw();
  }

  #draw(): void {
    this.#hasNews = true;
    this.#drawSoon();
  }

  /** Draws soon, once for all that has come until then; a page that is not seen draws nothing. */
  #drawSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    const wait = Math.max(0, this.#restUntil - performance.now());
    setTimeout(() => requestAnimationFrame(() => this.#drawNow()), wait);
  }

  #drawNow(): void {
    this.#isDue = false;
    const start = performance.now();
    const runs = this.#runs.map((data, place): NamedRun => ({ name: data.facts?.name ?? `run ${place + 1}`, place, data }));
    const { hidden } = this.#settings;
    const shown = runs.length > 1 ? runs.filter(({ name }) => !hidden.includes(runKey(name))) : runs;
    this.#showTitle(runs);
    this.#showConnection();
    this.#overview.show(runs, hidden, Date.now() + this.#clock);
    if (this.#hasNews && this.#isReady) {
      this.#hasNews = false;
      this.#charts.draw(shown, runs.length > 1, { settings: this.#settings, zoom: this.#zoom });
    }
    showNotes(runs);
    showRecipes(runs);
    const took = performance.now() - start;
    this.#restUntil = performance.now() + Math.max(REST_MS, REST_FACTOR * took);
  }

  #showTitle(runs: readonly NamedRun[]): void {
    const [first, second] = runs;
    const name = first === undefined ? "Training" : second === undefined ? first.name : `${runs.length} runs`;
    byId("title").textContent = name;
    const { steps = null } = first?.data.facts ?? {};
    const share =
      first !== undefined && second === undefined && steps !== null ? `${Math.floor((100 * first.data.latestStep) / steps)} % ` : "";
    document.title = `${share}${name} · Polyvec`;
  }

  #showConnection(): void {
    const isLost = this.#state === "lost";
    const lost = this.#isClosed ? "the page's server has ended" : "connection lost, trying again";
    const live = this.#runs.length === 0 ? `live; no run yet in ${this.#folders.join(", ")}` : "live";
    const line = byId("connection");
    const text = { connecting: "connecting", live, lost }[this.#state];
    if (line.textContent === text) return;
    line.textContent = text;
    line.dataset["state"] = this.#state;
    const command = element("code", {}, `polyvec dashboard ${this.#folders.join(" ")}`);
    const notice = element(
      "p",
      { class: "notice" },
      "The page keeps what it has. Serve it again there with ",
      command,
      ", or resume the run, and it goes on.",
    );
    byId("notices").replaceChildren(...(isLost && this.#isClosed ? [notice] : []));
  }
}

new Page().start();
