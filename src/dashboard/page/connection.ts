import type { StreamMessages } from "../messages.ts";

/** What comes over the connection, by name. */
export type StreamHandlers = { readonly [Name in keyof StreamMessages]: (message: StreamMessages[Name]) => void };

/** How the connection stands. */
export type ConnectionState = "connecting" | "live" | "lost";

/** What a connection needs of the page. */
export interface ConnectionOptions {
  readonly handlers: StreamHandlers;
  readonly onState: (state: ConnectionState) => void;
  /** What the page has, so that only the rest is sent. */
  readonly have: () => string;
}

/** Milliseconds after which a connection without a sign of life counts as lost; signs come every ten seconds. */
const SILENCE_MS = 30_000;
/** Milliseconds before it is tried again; each time longer, up to the last. */
const RETRIES = [500, 1000, 2000, 5000];

/** Listens to what happens, and again whenever the connection breaks. */
export function openConnection(options: ConnectionOptions): void {
  new Connection(options).open();
}

class Connection {
  readonly #options: ConnectionOptions;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    addEventListener("online", () => this.#retry(0));
  }

  open(): void {
    const source = new EventSource(`/events?have=${encodeURIComponent(this.#options.have())}`);
    this.#source = source;
    for (const name of Object.keys(this.#options.handlers) as (keyof StreamMessages)[]) {
      source.addEventListener(name, (event) => this.#take(name, String(event.data)));
    }
    source.addEventListener("error", () => this.#lose());
    this.#watch();
  }

  #take(name: keyof StreamMessages, data: string): void {
    this.#watch();
    const handle = this.#options.handlers[name] as (message: unknown) => void;
    handle(JSON.parse(data));
    if (name !== "ready") return;
    this.#failures = 0;
    this.#options.onState("live");
  }

  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(), SILENCE_MS);
  }

  #lose(): void {
    this.#options.onState("lost");
    this.#retry(RETRIES[Math.min(this.#failures, RETRIES.length - 1)] ?? 0);
    this.#failures += 1;
  }

  #retry(delay: number): void {
    this.#source?.close();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), delay);
  }
}
