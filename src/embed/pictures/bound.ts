/** How much may be under way. */
export interface BoundOptions {
  /** Things at a time. */
  readonly most: number;
  /** Bytes that they may hold together; one thing may hold more. */
  readonly mostBytes: number;
}

/** Things that are let in before it is known how heavy any is. */
const FIRST = 4;

/**
 * Keeps count of things under way, and says whether another may begin: no more than so many, and no more bytes than so many, where each whose weight
 * is not known yet is taken to be as heavy as the heaviest so far. One may always begin if none is under way.
 */
export class Bound {
  readonly #options: BoundOptions;
  #unknown = 0;
  #known = 0;
  #bytes = 0;
  #heaviest: number | undefined;

  constructor(options: BoundOptions) {
    this.#options = options;
  }

  /** Things under way. */
  get count(): number {
    return this.#unknown + this.#known;
  }

  /** Whether another may begin. */
  get isOpen(): boolean {
    const { most, mostBytes } = this.#options;
    if (this.count === 0) return true;
    if (this.count >= most) return false;
    if (this.#heaviest === undefined) return this.#unknown < FIRST;
    return this.#bytes + (this.#unknown + 1) * this.#heaviest <= mostBytes;
  }

  /** One begins. */
  enter(): void {
    this.#unknown++;
  }

  /** One that has begun turns out to hold so many bytes. */
  weigh(bytes: number): void {
    this.#unknown--;
    this.#known++;
    this.#bytes += bytes;
    this.#heaviest = Math.max(bytes, this.#heaviest ?? 0);
  }

  /** One is over; its bytes, if they are known by now. */
  leave(bytes?: number): void {
    if (bytes === undefined) this.#unknown--;
    else {
      this.#known--;
      this.#bytes -= bytes;
    }
  }
}
