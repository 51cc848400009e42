import { symbol } from "../../engine/graph/dimension.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { matmul } from "../../engine/graph/operators.ts";
import { GraphSession } from "../../engine/runtime/graph-session.ts";
import { expectFloat, floatTensor } from "../../engine/tensor/tensor.ts";
import { present } from "../../errors/families.ts";

/** Rows of vectors. */
export interface VectorRows {
  readonly count: number;
  /** [count, D] float32 */
  readonly vectors: Float32Array;
}

/** Targets that are compared at once: with 256 queries, 8 MB of scores. */
const BLOCK = 8192;

/** Compares queries with many targets, block by block, by matrix products of the engine. */
export class BlockScorer implements AsyncDisposable {
  readonly #session: GraphSession;
  readonly #dimensions: number;

  private constructor(session: GraphSession, dimensions: number) {
    this.#session = session;
    this.#dimensions = dimensions;
  }

  static async create(dimensions: number): Promise<BlockScorer> {
    const builder = new GraphBuilder();
    const queries = builder.input("queries", "float32", [symbol("queries"), dimensions]);
    const targets = builder.input("targets", "float32", [symbol("targets"), dimensions]);
    const graph = builder.finish({ scores: matmul(queries, targets, { transposeB: true }) });
    return new BlockScorer(await GraphSession.create(graph), dimensions);
  }

  /** Dot products of all queries with a block of targets, one block after another: `scores` is [queries, block]. */
  async *blocks(
    queries: VectorRows,
    targets: VectorRows,
  ): AsyncGenerator<{ readonly start: number; readonly count: number; readonly scores: Float32Array }> {
    const width = this.#dimensions;
    const left = floatTensor([queries.count, width], queries.vectors);
    for (let start = 0; start < targets.count; start += BLOCK) {
      const count = Math.min(BLOCK, targets.count - start);
      const right = floatTensor([count, width], targets.vectors.subarray(start * width, (start + count) * width));
      const { scores } = await this.#session.run({ queries: left, targets: right });
      yield { start, count, scores: expectFloat(present(scores, "scores")).data };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.dispose();
  }
}
