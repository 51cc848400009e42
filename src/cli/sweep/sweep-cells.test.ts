import { describe, expect, test } from "vitest";
import { baselineOf, makeCells, recipeForSeed, type CellSource, type SweepCell } from "./sweep-cells.ts";
import { checkSweep } from "./sweep-definition.ts";

const RECIPE = {
  name: "small",
  model: { base: "base", paths: { count: 2, prefixLength: 2 } },
  data: { kind: "emoji-tasks", batchSize: 4 },
  optimizer: { learningRate: 1e-3 },
  steps: 4,
};

function sourceOf(definition: object): CellSource {
  const checked = checkSweep({ recipe: "small.json", ...definition }, "sweep.json");
  return { recipe: RECIPE, recipeFile: "small.json", file: "sweep.json", definition: checked };
}

const cellsOf = (definition: object): SweepCell[] => makeCells(sourceOf(definition));
const labels = (cells: readonly SweepCell[]): string[] => cells.map(({ label }) => label);

describe("cells", () => {
  test("are all combinations, the last field running fastest, then the variants", () => {
    const cells = cellsOf({
      vary: { "model.paths.count": [2, 4], "model.paths.prefixLength": [1, 3] },
      variants: [{ name: "no path loss", set: { "objective.pathWeight": 0 } }],
      set: { steps: 7 },
    });
    expect(labels(cells)).toEqual([
      "count=2 prefixLength=1",
      "count=2 prefixLength=3",
      "count=4 prefixLength=1",
      "count=4 prefixLength=3",
      "no path loss",
    ]);
    expect(cells.map(({ recipe }) => recipe.steps)).toEqual([7, 7, 7, 7, 7]);
    expect([cells[3]?.recipe.model.paths.count, cells[4]?.recipe.objective.pathWeight]).toEqual([4, 0]);
  });

  test("are known by their recipe, whatever else is swept and however a field came by its value", () => {
    const [, four] = cellsOf({ vary: { "model.paths.count": [2, 4] } });
    const [same] = cellsOf({ vary: { "model.paths.count": [4], "objective.pathWeight": [1, 0] } });
    const [set] = cellsOf({ set: { "model.paths.count": 4 }, variants: [{ name: "as it is", set: {} }] });
    const [other] = cellsOf({ set: { steps: 5 }, vary: { "model.paths.count": [4] } });
    expect([same?.id, set?.id]).toEqual([four?.id, four?.id]);
    expect(other?.id).not.toBe(four?.id);
    expect(recipeForSeed(four as SweepCell, 3)).toMatchObject({ name: `small ${four?.id}`, seed: 3 });
  });

  test("that are the same training are one: a single path needs no aggregation", () => {
    const cells = cellsOf({ vary: { "model.paths.count": [1, 2], "model.paths.aggregation": ["mean", "gate"] } });
    expect(labels(cells)).toEqual(["count=1 aggregation=mean", "count=2 aggregation=mean", "count=2 aggregation=gate"]);
    expect(cells[0]?.aliases.map(({ label }) => label)).toEqual(["count=1 aggregation=gate"]);
  });

  test("can be drawn at random, the same for the same seed", () => {
    const vary = { "model.paths.count": [1, 2, 3, 4], "model.paths.prefixLength": [1, 2, 3, 4] };
    const draw = (seed: number): string[] => labels(cellsOf({ vary, random: { cells: 5, seed } }));
    expect(draw(1)).toHaveLength(5);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(labels(cellsOf({ vary, random: { cells: 99 } }))).toHaveLength(16);
  });

  test("names that would be alike are written in full, objects by their values", () => {
    const vary = { "optimizer.learningRate": [1e-3], "objective.regulariser": [{ kind: "orthogonality", centred: false }] };
    expect(labels(cellsOf({ vary }))).toEqual(["learningRate=0.001 regulariser=orthogonality-false"]);
    const both = {
      "optimizer.learningRate": [1],
      "objective.regulariser": [{ kind: "vclub", learningRate: 1 }],
      "optimizer.kind": ["muon"],
    };
    expect(labels(cellsOf({ vary: both }))).toEqual(["learningRate=1 regulariser=vclub-1 kind=muon"]);
  });

  test.each([
    [{ vary: { "model.paths.cuont": [1] } }, /small\.json with cuont=1: model\.paths\.cuont is not a known field \(did you mean count\?\)/],
    [{ vary: { "model.paths.count": [2, 0] } }, /small\.json with count=0: model\.paths\.count is 0, expected/],
    [{ vary: { "model.paths.prefixLength": [0] } }, /prefixLength=0: model\.paths\.prefixLength is 0 with 2 paths/],
    [{ vary: { "steps.more": [1] } }, /steps\.more cannot be set: on the way to it stands 4/],
    [{ vary: { seed: [1, 2] } }, /seed cannot be set by a sweep.*--seeds/],
    [{ variants: [{ name: "x", set: { name: "y" } }] }, /name cannot be set by a sweep/],
    [{}, /nothing is varied/],
    [{ vary: { steps: [] } }, /sweep\.json: vary\.steps/],
    [{ vari: { steps: [1] } }, /vari is not a known field \(did you mean vary\?\)/],
    [{ vary: { steps: [1] }, seeds: [1, 1] }, /expected each seed once/],
    [
      { vary: { steps: [1] }, evaluation: { bench: "mmeb", data: "d", images: "i", datasets: ["GQB"] } },
      /expected one of MMEB's 36 datasets/,
    ],
  ])("%j is an error that says what is wrong", (definition, message) => {
    expect(() => cellsOf(definition)).toThrow(expect.objectContaining({ code: "config", message: expect.stringMatching(message) as string }) as Error); // prettier-ignore
  });
});

describe("the baseline", () => {
  const definition = {
    vary: { "model.paths.count": [1, 2], "model.paths.aggregation": ["mean", "gate"] },
    variants: [{ name: "long", set: { steps: 9 } }],
  };
  const labelOf = (baseline: unknown): string => {
    const source = sourceOf({ ...definition, ...(baseline === undefined ? {} : { baseline }) });
    return baselineOf(makeCells(source), source).label;
  };

  test.each([
    [undefined, "count=1 aggregation=mean"],
    [{ "model.paths.count": 2 }, "count=2 aggregation=mean"],
    [{ "model.paths.count": 1, "model.paths.aggregation": "gate" }, "count=1 aggregation=mean"],
    ["count=2 aggregation=gate", "count=2 aggregation=gate"],
    ["long", "long"],
  ])("%j is %s", (baseline, label) => expect(labelOf(baseline)).toBe(label));

  test("that is none of the cells is an error with the nearest", () => {
    expect(() => labelOf("lung")).toThrow(/no cell is the baseline lung; did you mean long\?/);
    expect(() => labelOf({ "model.paths.count": 3 })).toThrow(/no cell is the baseline/);
  });
});
