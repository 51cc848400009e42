import { readTrainingExamples, type TrainingRow } from "../../data/examples.ts";
import { ConfigError } from "../../errors/families.ts";
import { RandomStream } from "../../random/random-stream.ts";
import type { BatchSource } from "../batch-source.ts";
import { toContrastiveBatch } from "./task-source.ts";

/** How batches of examples are drawn. */
export interface ExampleSourceOptions {
  readonly seed: number;
  /** Examples in a batch. */
  readonly batchSize: number;
}

/** Reads a file of examples, all of it; images stay on disk until their batch comes. @throws {DataError} {FileError} as `readTrainingExamples`. */
export async function readAllExamples(file: string): Promise<TrainingRow[]> {
  const rows: TrainingRow[] = [];
  for await (const row of readTrainingExamples(file)) rows.push(row);
  return rows;
}

/**
 * Batches of examples in random order, every example once in each round; a round that ends within a batch is followed by the next.
 * A batch depends on the seed and the step alone.
 * @throws {ConfigError} if there are fewer examples than a batch holds: its queries would be each other's duplicates.
 */
export function exampleSource(rows: readonly TrainingRow[], { seed, batchSize }: ExampleSourceOptions): BatchSource {
  if (rows.length < batchSize) {
    throw new ConfigError({
      message: `data.batchSize is ${batchSize}, but there are only ${rows.length} examples; lower it or add examples`,
      details: { field: "data.batchSize", got: batchSize, expected: `${rows.length} at most` },
    });
  }
  const orderOf = rounds(rows, seed);
  return {
    batch(step) {
      const places = Array.from({ length: batchSize }, (_, place) => step * batchSize + place);
      const examples = places.map((place) => orderOf(Math.floor(place / rows.length))[place % rows.length] as TrainingRow);
      return toContrastiveBatch({ task: "examples", examples });
    },
  };
}

/** The order of the rows in a round; the last two are remembered, as a batch may lie in both. */
function rounds(rows: readonly TrainingRow[], seed: number): (round: number) => readonly TrainingRow[] {
  const known = new Map<number, readonly TrainingRow[]>();
  return (round) => {
    const order = known.get(round) ?? new RandomStream(seed, "examples", round).shuffle(rows);
    known.set(round, order);
    for (const other of known.keys()) if (Math.abs(other - round) > 1) known.delete(other);
    return order;
  };
}

/** What a tokenizer may learn from: all texts and instructions. */
export function* textsOf(rows: readonly TrainingRow[]): Generator<string> {
  for (const { query, positive, hardNegatives } of rows) {
    for (const { text, instruction } of [query, positive, ...hardNegatives]) {
      if (text !== undefined) yield text;
      if (instruction !== undefined) yield instruction;
    }
  }
}
