import { Tinypool } from "tinypool";
import { openPairs, type PairFiles } from "../../../data/pairs/open-pairs.ts";
import type { PairDataset } from "../../../data/pairs/pair-dataset.ts";
import type { PairData } from "../../recipe/recipe-types.ts";
import type { BatchSource, TrainingBatch } from "../../batch-source.ts";
import { mixedDataset, pairSource } from "./pair-source.ts";

/** What a thread that reads pairs is told. */
export interface PairReading {
  readonly found: readonly PairFiles[];
  readonly data: PairData;
  readonly seed: number;
}

const opened: PairDataset[] = [];
let source: Promise<BatchSource> | undefined;

/** Draws and reads the batch of a step; its images are paths, to be opened by who asked. */
export async function work(step: number): Promise<TrainingBatch> {
  source ??= open(Tinypool.workerData as PairReading);
  return (await source).batch(step);
}

/** Closes the files. */
export async function close(): Promise<void> {
  await Promise.all(opened.splice(0).map((dataset) => dataset.dispose()));
}

async function open({ found, data, seed }: PairReading): Promise<BatchSource> {
  for (const files of found) opened.push(await openPairs(files));
  const datasets = opened.map((dataset) => mixedDataset(dataset, data));
  return pairSource({ ...data, seed, datasets, openImage: (path) => path });
}
