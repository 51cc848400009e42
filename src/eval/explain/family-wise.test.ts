import { expect, test } from "vitest";
import { RandomStream } from "../../random/random-stream.ts";
import { QueryResampler } from "../bootstrap.ts";
import { familyWiseSignificance, type TestedDifference } from "./family-wise.ts";

const QUERIES = 60;

/** The difference of outcomes -1, 0 and 1 that lean to one side by so much. */
function difference(stream: RandomStream, name: string, lean: number): TestedDifference {
  const outcomes = Array.from({ length: QUERIES }, () => {
    const drawn = stream.uniform();
    return drawn < 0.2 + lean ? 1 : drawn < 0.4 ? -1 : 0;
  });
  return { replicates: new QueryResampler(name, QUERIES, { resamples: 200 }).replicate(outcomes), queries: QUERIES };
}

test("among many differences that are none, a false finding is as rare as it should be", () => {
  let families = 0;
  for (let trial = 0; trial < 200; trial++) {
    const stream = new RandomStream("family-wise", trial);
    const all = Array.from({ length: 12 }, (_, at) => difference(stream, `${trial} ${at}`, 0));
    if (familyWiseSignificance(all).some((p) => p < 0.05)) families++;
  }
  expect(families).toBeLessThan(200 * 0.05 + 4 * Math.sqrt(200 * 0.05 * 0.95)); // four standard deviations
});

test("one that is there is found among them, and p only rises with weaker ones", () => {
  const stream = new RandomStream("family-wise", "one");
  const all = Array.from({ length: 12 }, (_, at) => difference(stream, `one ${at}`, at === 4 ? 0.2 : 0));
  const p = familyWiseSignificance(all);
  expect(p[4]).toBe(1 / 201);
  expect(p.filter((each) => each < 0.05)).toHaveLength(1);
});

test("no difference at all is none, and nothing tested gives nothing", () => {
  const flat = { replicates: { value: 0, samples: new Float64Array(100) }, queries: 30 };
  expect(familyWiseSignificance([flat])).toEqual([1]);
  expect(familyWiseSignificance([])).toEqual([]);
});
