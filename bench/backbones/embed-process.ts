/** A process of its own: opens a model folder, embeds a picture with a text again and again, and prints what that took, as JSON. */
import { readFileSync } from "node:fs";
import { loadModel } from "../../src/embed/load-model.ts";
import type { EmbeddingInput } from "../../src/inputs/embedding-input.ts";
import { RandomStream } from "../../src/random/random-stream.ts";
import type { EmbedTimes } from "./embed-times.ts";

const [folder = "", rounds = "3"] = process.argv.slice(2);
const random = new RandomStream("picture");
const image = { width: 336, height: 336, data: Uint8Array.from({ length: 336 * 336 * 3 }, () => random.integer(256)) };
/** 40 tokens of text: the tokenizer of a made-up checkpoint knows letters. */
const input: EmbeddingInput = { image, text: "forty letters are as many tokens, or so." };

const start = performance.now();
const model = await loadModel(folder);
const opened = performance.now();
const [first] = await model.embed([input]);
const ready = performance.now();
const times: number[] = [];
for (let round = 0; round < Number(rounds); round++) {
  const begun = performance.now();
  await model.embed([input]);
  times.push(performance.now() - begun);
}
const status = readFileSync("/proc/self/status", "utf8");
const kilobytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN);
const result: EmbedTimes = {
  openMs: opened - start,
  firstMs: ready - opened,
  times,
  residentBytes: kilobytes("VmRSS") * 1024,
  peakBytes: kilobytes("VmHWM") * 1024,
  embedding: [...(first?.aggregate ?? [])],
};
console.log(JSON.stringify(result));
await model.dispose();
