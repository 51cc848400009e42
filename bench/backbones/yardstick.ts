import { openProduct, operationsOf, type OpenedProduct, type Product } from "../engine/products.ts";

/** Matrix products that show how fast this machine multiplies float32, whatever the model: square ones, and one as tall as a prompt. */
const PRODUCTS: readonly Product[] = [
  { name: "square 1024", rows: 1024, inner: 1024, columns: 1024 },
  { name: "square 2048", rows: 2048, inner: 2048, columns: 2048 },
  { name: "[576, 1280] x [1280, 5120], a constant", rows: 576, inner: 1280, columns: 5120, isConstant: true },
];

/** The machine's float32 peak, measured beside what is timed: the fastest single run of any of these products so far. */
export class Yardstick implements AsyncDisposable {
  readonly #products: readonly OpenedProduct[];
  #best = 0;

  private constructor(products: readonly OpenedProduct[]) {
    this.#products = products;
  }

  static async open(threads: number): Promise<Yardstick> {
    return new Yardstick(await Promise.all(PRODUCTS.map((product) => openProduct(product, threads))));
  }

  /** Floating-point operations per second. */
  get peak(): number {
    return this.#best;
  }

  /** Runs every product a few times. */
  async measure(times = 3): Promise<void> {
    for (const { product, run } of this.#products) {
      for (let time = 0; time < times; time++) {
        const start = performance.now();
        await run();
        this.#best = Math.max(this.#best, (operationsOf(product) / (performance.now() - start)) * 1000);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const product of this.#products) await product.dispose();
  }
}
