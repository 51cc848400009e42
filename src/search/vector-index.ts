import { checkEmbeddingSet, type EmbeddingSet } from "../embed/embedding-set.ts";
import { dotRow, maxSimilarity, pathAlignedSimilarity, pathSimilarities, weightPaths } from "../embed/similarity.ts";
import { ConfigError, DataError, ShapeError } from "../errors/families.ts";
import { GrowingMatrix } from "./growing-matrix.ts";
import { topK } from "./top-k.ts";

/**
 * How a query is compared with what is stored: by the `aggregate`, by a `single` path, by the path-aligned sum of `all` paths
 * (`sum_i w_i <q_i, t_i>`), or by MaxSim (`sum_i w_i max_j <q_i, t_j>`).
 */
export type SearchView = "aggregate" | "single" | "all" | "maxSim";

/** What is searched for: the embedding of one input. */
export interface SearchQuery {
  /** [D] float32, unit length. */
  readonly aggregate: Float32Array;
  /** N vectors of [D] float32, unit length. */
  readonly paths: readonly Float32Array[];
}

/** How to search. */
export interface SearchOptions {
  /** The most hits to return. */
  readonly k: number;
  /** `aggregate` by default. */
  readonly view?: SearchView;
  /** Which path `single` compares, from 0; 0 by default. */
  readonly path?: number;
  /** w_i for `all` and `maxSim`, one per path: steers at query time, nothing is indexed anew. 1 each by default. */
  readonly weights?: readonly number[];
}

/** One answer: what was found and how similar it is (a cosine, or a sum of N of them for `all` and `maxSim`). */
export interface SearchHit {
  readonly id: string;
  readonly score: number;
}

/** Sizes of the vectors an index holds. */
export interface VectorSizes {
  /** N */
  readonly pathCount: number;
  /** D */
  readonly dimensions: number;
}

/**
 * Exact search in memory over embeddings: every stored vector is compared, nothing is approximated. Of equal scores what was added
 * first comes first.
 */
export class VectorIndex {
  readonly pathCount: number;
  readonly dimensions: number;
  readonly #ids: string[] = [];
  readonly #known = new Set<string>();
  readonly #aggregate: GrowingMatrix;
  readonly #paths: GrowingMatrix;

  constructor({ pathCount, dimensions }: VectorSizes) {
    this.pathCount = pathCount;
    this.dimensions = dimensions;
    this.#aggregate = new GrowingMatrix(dimensions);
    this.#paths = new GrowingMatrix(pathCount * dimensions);
  }

  /** How many inputs are stored. */
  get size(): number {
    return this.#ids.length;
  }

  /** The ids in the order they were added. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  /** The stored embeddings, in the order of {@link ids}: views, valid until the next `add`. */
  get embeddings(): EmbeddingSet {
    const { pathCount, dimensions } = this;
    return { count: this.size, pathCount, dimensions, aggregate: this.#aggregate.data, paths: this.#paths.data };
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  /**
   * Stores embeddings under their ids; copies are made. Nothing is stored if anything is wrong.
   * @throws {ShapeError} if the sizes differ from the index's. @throws {DataError} if an id is there already or occurs twice.
   */
  add(ids: readonly string[], set: EmbeddingSet): void {
    checkEmbeddingSet(set);
    this.#checkSizes([set.pathCount, set.dimensions]);
    if (ids.length !== set.count) throw shapeError(`${ids.length} ids for ${set.count} embeddings`, ids.length, set.count);
    this.#checkNew(ids);
    this.#aggregate.append(set.aggregate);
    this.#paths.append(set.paths);
    for (const id of ids) {
      this.#ids.push(id);
      this.#known.add(id);
    }
  }

  /**
   * The k stored inputs most similar to the query, best first; fewer if fewer are stored.
   * @throws {ShapeError} if the query's or the weights' sizes differ from the index's. @throws {ConfigError} if an option is wrong.
   */
  search(query: SearchQuery, options: SearchOptions): SearchHit[] {
    const scores = this.score(query, options);
    return topK(scores, options.k).map(({ item, score }) => ({ id: this.#ids[item] as string, score }));
  }

  /** The scores of everything stored, in the order of {@link ids}. @throws as {@link search}. */
  score(query: SearchQuery, options: SearchOptions): Float64Array {
    this.#checkQuery(query);
    this.#checkOptions(options);
    switch (options.view ?? "aggregate") {
      case "aggregate":
        return this.#scoreAggregate(query);
      case "single":
        return this.#scorePath(query, options.path ?? 0);
      case "all":
        return this.#scoreAll(query, options.weights);
      case "maxSim":
        return this.#scoreMaxSim(query, options.weights);
    }
  }

  #scoreAggregate(query: SearchQuery): Float64Array {
    const vector = Float64Array.from(query.aggregate);
    const { data } = this.#aggregate;
    return this.#scoreEach((item) => dotRow(vector, data, item * this.dimensions));
  }

  #scorePath(query: SearchQuery, path: number): Float64Array {
    const vector = Float64Array.from(query.paths[path] as Float32Array);
    const { data } = this.#paths;
    return this.#scoreEach((item) => dotRow(vector, data, (item * this.pathCount + path) * this.dimensions));
  }

  #scoreAll(query: SearchQuery, weights?: readonly number[]): Float64Array {
    const vector = weightPaths(concatenate(query.paths), this.pathCount, weights);
    const { data } = this.#paths;
    return this.#scoreEach((item) => pathAlignedSimilarity(vector, data, item));
  }

  #scoreMaxSim(query: SearchQuery, weights?: readonly number[]): Float64Array {
    const { pathCount } = this;
    const pairs = new Float64Array(pathCount * pathCount);
    const vectors = weightPaths(concatenate(query.paths), pathCount);
    const pair = { query: vectors, matrix: this.#paths.data, queryPaths: pathCount, matrixPaths: pathCount };
    return this.#scoreEach((item) => {
      pathSimilarities(pair, item, pairs);
      return maxSimilarity(pairs, pathCount, weights);
    });
  }

  #scoreEach(scoreOf: (item: number) => number): Float64Array {
    const scores = new Float64Array(this.size);
    for (let item = 0; item < scores.length; item++) scores[item] = scoreOf(item);
    return scores;
  }

  #checkNew(ids: readonly string[]): void {
    const fresh = new Set<string>();
    for (const id of ids) {
      if (this.#known.has(id) || fresh.has(id)) {
        throw new DataError({ message: `the id ${JSON.stringify(id)} is there already; give every input its own id`, details: { id } });
      }
      fresh.add(id);
    }
  }

  #checkSizes(got: readonly [pathCount: number, dimensions: number]): void {
    const expected = [this.pathCount, this.dimensions] as const;
    if (got[0] === expected[0] && got[1] === expected[1]) return;
    const message = `got vectors of [paths, dimensions] = [${got.join(", ")}], the index holds [${expected.join(", ")}]; use the model that made the index`;
    throw shapeError(message, got, expected);
  }

  #checkQuery({ aggregate, paths }: SearchQuery): void {
    for (const vector of [aggregate, ...paths]) this.#checkSizes([paths.length, vector.length]);
  }

  #checkOptions({ k, path = 0, view, weights }: SearchOptions): void {
    if (!Number.isInteger(k) || k < 0) throw optionError("k", k, "a whole number from 0");
    if (!Number.isInteger(path) || path < 0 || path >= this.pathCount) {
      throw optionError("path", path, `a path from 0 to ${this.pathCount - 1}`);
    }
    if (weights === undefined) return;
    if (view !== "all" && view !== "maxSim") throw optionError("weights", view ?? "aggregate", "the view all or maxSim with it");
    if (weights.length !== this.pathCount) {
      throw shapeError(`${weights.length} weights for ${this.pathCount} paths; give one weight per path`, weights.length, this.pathCount);
    }
  }
}

function concatenate(paths: readonly Float32Array[]): Float32Array {
  const width = paths[0]?.length ?? 0;
  const joined = new Float32Array(paths.length * width);
  paths.forEach((path, index) => joined.set(path, index * width));
  return joined;
}

function shapeError(message: string, got: unknown, expected: unknown): ShapeError {
  return new ShapeError({ message, details: { got, expected } });
}

function optionError(field: string, got: unknown, expected: string): ConfigError {
  return new ConfigError({
    message: `search option ${field}: got ${String(got)}, expected ${expected}`,
    details: { field, got, expected },
  });
}
