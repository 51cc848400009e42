import { findRuns } from "./find-runs.ts";
import { WatchedRun } from "./watched-run.ts";

/** How runs are watched. */
export interface WatchOptions {
  /** Run folders, or folders of them; they need not be there yet. */
  readonly folders: readonly string[];
  /** Milliseconds between two looks; 1,000 if not given. */
  readonly interval?: number | undefined;
}

/** Looks between two searches for runs that have come. */
const SEARCH_EVERY = 5;

/** Watches runs by looking at their files, which works on every file system; only while somebody listens, so that a page nobody looks at costs nothing. */
export class RunWatcher {
  /** As they were named. */
  readonly folders: readonly string[];
  readonly #interval: number;
  readonly #runs = new Map<string, WatchedRun>();
  readonly #waiting = new Set<() => void>();
  #listeners = 0;
  #looks = 0;
  #version = 0;
  #isEnded = false;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ folders, interval = 1000 }: WatchOptions) {
    this.folders = folders;
    this.#interval = interval;
  }

  /** In the order in which they were found; a run keeps its place. */
  get runs(): readonly WatchedRun[] {
    return [...this.#runs.values()];
  }

  /** Counts changes. */
  get version(): number {
    return this.#version;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Watches until the listener stops. Resolves when the files have been looked at, with what stops it. */
  async listen(): Promise<() => void> {
    this.#listeners += 1;
    await this.look();
    this.#schedule();
    let isListening = true;
    return () => {
      if (!isListening) return;
      isListening = false;
      this.#listeners -= 1;
    };
  }

  /** Looks at the files now; a look that is under way is waited for instead. */
  async look(): Promise<void> {
    this.#looking ??= this.#lookAtAll().finally(() => (this.#looking = undefined));
    await this.#looking;
  }

  /** Waits until something has changed since a version, the watching ends, or the time (ms) is up. @returns whether something has changed. */
  async changedSince(version: number, { signal, timeout }: { readonly signal: AbortSignal; readonly timeout: number }): Promise<boolean> {
    if (this.#version === version && !this.#isEnded && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", done);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, timeout);
        signal.addEventListener("abort", done);
        this.#waiting.add(done);
      });
    }
    return this.#version !== version;
  }

  /** Looks once more, at runs that have just begun too, tells, and ends. */
  async end(): Promise<void> {
    if (this.#isEnded) return;
    clearTimeout(this.#timer);
    if (this.#listeners > 0) {
      await this.#looking?.catch(() => undefined); // it may have begun before the last news
      this.#looks = 0;
      await this.look();
    }
    this.#isEnded = true;
    this.#tell();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isEnded || this.#listeners === 0) return;
    this.#timer = setTimeout(() => {
      const again = (): void => {
        this.#timer = undefined;
        this.#schedule();
      };
      this.look().then(again, again);
    }, this.#interval);
  }

  async #lookAtAll(): Promise<void> {
    const isSearch = this.#looks++ % SEARCH_EVERY === 0 || this.#runs.size === 0;
    let hasChanged = isSearch && (await this.#search());
    for (const run of this.#runs.values()) hasChanged = (await run.look()) || hasChanged;
    if (hasChanged) this.#tell();
  }

  async #search(): Promise<boolean> {
    const before = this.#runs.size;
    for (const { folder, name } of await findRuns(this.folders)) {
      if (!this.#runs.has(folder)) this.#runs.set(folder, new WatchedRun(folder, this.#freeName(name)));
    }
    return this.#runs.size > before;
  }

  #freeName(name: string): string {
    const taken = new Set(this.runs.map((run) => run.name));
    let free = name;
    for (let number = 2; taken.has(free); number++) free = `${name} (${number})`;
    return free;
  }

  #tell(): void {
    this.#version += 1;
    for (const done of this.#waiting) done();
  }
}
