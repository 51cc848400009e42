import { describe, expect, test } from "vitest";
import { blankImage, type Rgb } from "../images/drawn-image.ts";
import { chancePrecision, scoreBaselines, scorePixels, scoreWords } from "./baselines.ts";
import { makeSyntheticCorpus } from "./synthetic-corpus.ts";
import { buildEvaluationTasks } from "./tasks/evaluation-tasks.ts";
import type { EvaluationTask } from "./tasks/task-types.ts";

function task(parts: Pick<EvaluationTask, "queries" | "candidates" | "rows">): EvaluationTask {
  return { name: "t", family: "image-to-image", concepts: "seen", vendor: "v", queryNames: [], candidateNames: [], labels: [], ...parts };
}

/** An image whose upper half is white and whose lower half is a colour. */
function halves(colour: Rgb): ReturnType<typeof blankImage> {
  const image = blankImage(32, 32);
  image.data.set(blankImage(32, 16, colour).data, 16 * 32 * 3);
  return image;
}

describe("baselines", () => {
  test("chance is one by the number of candidates, averaged over rows", () => {
    const rows = [
      { query: 0, candidates: [0, 1], positive: 0 },
      { query: 0, candidates: [0, 1, 2, 3], positive: 2 },
    ];
    expect(chancePrecision(task({ queries: [], candidates: [], rows }))).toBe(0.375);
  });

  test("words in common: the overlap decides, a tie is a miss", () => {
    const texts = ["a red heart", "a blue book", "a red book", "nothing"].map((text) => ({ text }));
    const rows = [
      { query: 0, candidates: [0, 1, 3], positive: 0 },
      { query: 0, candidates: [1, 3], positive: 1 },
      { query: 1, candidates: [1, 2], positive: 0 },
    ];
    const scored = scoreWords(task({ queries: [{ text: "red heart" }, { text: "book a" }], candidates: texts, rows }));
    expect(scored).toEqual({ precision: 1 / 3, expected: 2 / 3, hits: [true, false, false] });
    expect(
      scoreWords(task({ queries: [{ image: halves([0, 0, 0]) }], candidates: texts, rows: [{ query: 0, candidates: [0], positive: 0 }] })),
    ).toBeUndefined();
  });

  test("pixels: the most alike wins; pictures of one colour tie", () => {
    const images = [halves([0, 0, 0]), halves([0, 0, 255]), blankImage(8, 8, [9, 9, 9]), blankImage(8, 8)].map((image) => ({ image }));
    const rows = [
      { query: 0, candidates: [0, 1, 2], positive: 0 },
      { query: 1, candidates: [0, 1, 3], positive: 1 },
      { query: 0, candidates: [2, 3], positive: 0 },
    ];
    const queries = [{ image: halves([20, 20, 20]) }, { image: halves([10, 10, 200]) }];
    expect(scorePixels(task({ queries, candidates: images, rows }))).toEqual({
      precision: 2 / 3,
      expected: 2.5 / 3,
      hits: [true, true, false],
    });
  });

  test("say nothing where there is nothing to go by, and find the crops of a canvas", () => {
    const tasks = buildEvaluationTasks(makeSyntheticCorpus({ concepts: 120 }), { split: "test", seed: 1, candidatesPerRow: 20 });
    const scores = scoreBaselines(tasks);
    expect(scores.get("text-to-image/seen")).toEqual({ chance: expect.closeTo(0.05) as number, pixels: null, words: null, blind: null });
    expect(scores.get("image-to-image/unseen")?.pixels).toBeGreaterThan(0.5);
    expect(scores.get("grounding/seen")?.pixels).toBeGreaterThan(0.1);
    expect(scores.get("grounding/seen")?.pixels).toBeLessThan(0.45);
    expect(scores.get("visual-questions/seen")?.words).toBeLessThan(0.3);
  });
});
