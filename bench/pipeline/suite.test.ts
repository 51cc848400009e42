import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { missedBars } from "../report.ts";
import { suite } from "./suite.ts";

const scratchFolders = async (): Promise<string[]> => (await readdir(tmpdir())).filter((name) => name.startsWith("polyvec-backbones-"));

test("runs at a tiny size, from a folder and a zip, and leaves nothing behind", async () => {
  const before = await scratchFolders();
  const sections = await suite.run({ measure: { rounds: 1, warmups: 0 }, only: "tiny", say: () => undefined });
  expect(sections.map(({ title }) => title)).toEqual([
    expect.stringMatching(/40 pictures, 64 x 64 PNG from a folder/),
    expect.stringMatching(/16 pictures, 96 x 96 JPEG from a zip/),
  ]);
  expect(sections.flatMap(missedBars)).toEqual([]);
  for (const { measurements, comparisons, facts } of sections) {
    expect(measurements.map(({ times }) => times.length)).toEqual([1, 1, 1, 1]);
    expect(comparisons?.map(({ baseline }) => baseline)).toEqual(["model alone", "model alone", "model alone"]);
    expect(facts).toMatchObject({ "share of the model's throughput kept": expect.stringMatching(/^\d+ %$/) as unknown });
  }
  expect((await scratchFolders()).filter((name) => !before.includes(name))).toEqual([]);
}, 300_000);
