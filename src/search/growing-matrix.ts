/** A [rows, width] float32 matrix to which rows are appended; its memory doubles when it is full. */
export class GrowingMatrix {
  readonly width: number;
  #data: Float32Array;
  #rows = 0;

  constructor(width: number) {
    this.width = width;
    this.#data = new Float32Array(0);
  }

  get rows(): number {
    return this.#rows;
  }

  /** The rows so far, [rows, width]: a view, valid until the next append. */
  get data(): Float32Array {
    return this.#data.subarray(0, this.#rows * this.width);
  }

  /** Appends whole rows. @param values [any number of rows, width]. */
  append(values: Float32Array): void {
    const used = this.#rows * this.width;
    if (used + values.length > this.#data.length) {
      const grown = new Float32Array(Math.max(used + values.length, 2 * this.#data.length));
      grown.set(this.data);
      this.#data = grown;
    }
    this.#data.set(values, used);
    this.#rows += values.length / this.width;
  }
}
