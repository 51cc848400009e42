/** How far a task was at one moment. */
interface Sample {
  readonly time: number;
  readonly done: number;
  readonly items: number;
}

/** How fast a task goes. */
export interface Rate {
  /** Items a second, over the last half minute. */
  readonly itemsPerSecond: number;
  /** Seconds until `total` is reached at that speed; undefined before the first progress. */
  readonly secondsLeft: number | undefined;
}

const WINDOW_MS = 30_000;

/** Measures speed over the last half minute, so that a slow start or a pause does not weigh for ever. */
export class RateMeter {
  readonly #total: number;
  readonly #now: () => number;
  readonly #samples: Sample[] = [];

  /** @param total the `done` at which the task is over. @param now a clock, in ms. */
  constructor(total: number, now: () => number) {
    this.#total = total;
    this.#now = now;
  }

  /** Notes that the task is `done` steps far and has treated `items` things. */
  update(done: number, items: number): Rate {
    const latest = { time: this.#now(), done, items };
    this.#samples.push(latest);
    while (this.#samples.length > 2 && (this.#samples[1] as Sample).time < latest.time - WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0] as Sample;
    const seconds = (latest.time - first.time) / 1000;
    const steps = latest.done - first.done;
    return {
      itemsPerSecond: seconds === 0 ? 0 : (latest.items - first.items) / seconds,
      secondsLeft: steps <= 0 ? undefined : ((this.#total - done) * seconds) / steps,
    };
  }
}
