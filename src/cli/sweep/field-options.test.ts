import { describe, expect, test } from "vitest";
import { baselineOption, seedsOption, setOption, varyOption } from "./field-options.ts";
import { againCommand, overridesOf } from "./sweep-command-options.ts";

describe("fields on the command line", () => {
  test("have values apart by commas, or in a JSON array, each as JSON if it is", () => {
    const first = varyOption("model.paths.count=1, 2,4");
    const second = varyOption('objective.regulariser=[{"kind":"none"},{"kind":"vclub"}]', first);
    expect(varyOption("model.paths.aggregation=mean,gate", second)).toEqual({
      "model.paths.count": [1, 2, 4],
      "objective.regulariser": [{ kind: "none" }, { kind: "vclub" }],
      "model.paths.aggregation": ["mean", "gate"],
    });
    expect(setOption("steps=20", setOption("data.augment=false"))).toEqual({ "data.augment": false, steps: 20 });
  });

  test("name a baseline by values, or by its name", () => {
    expect(baselineOption("model.paths.count=1,model.paths.aggregation=mean")).toEqual({
      "model.paths.count": 1,
      "model.paths.aggregation": "mean",
    });
    expect(baselineOption("no path loss")).toBe("no path loss");
    expect(baselineOption("count=1 prefixLength=4")).toBe("count=1 prefixLength=4");
  });

  test.each(["", "1,,2", "1,x", "-1"])("%j are no seeds", (text) => expect(() => seedsOption(text)).toThrow(/seeds such as/));
  test("a field needs a value", () => expect(() => varyOption("steps")).toThrow(/model\.paths\.count=1,2,4/));
});

describe("options", () => {
  test("of one benchmark are not taken for the other's", () => {
    expect(overridesOf({ seed: 0, bench: "emoji", queries: 5 }).evaluation).toEqual({ bench: "emoji", queries: 5 });
    expect(overridesOf({ seed: 0, subset: 5 }).evaluation).toEqual({ bench: "mmeb", subset: 5 });
    expect(overridesOf({ seed: 0 }).evaluation).toBeUndefined();
    expect(() => overridesOf({ seed: 0, bench: "mmeb", queries: 5 })).toThrow(/--queries is not for --bench mmeb/);
    expect(() => overridesOf({ seed: 0, testData: "x" })).toThrow(/go together/);
  });

  test("become the command that goes on", () => {
    const options = { seed: 0, out: "runs/s", vary: { "model.paths.count": [1, 2] }, set: { steps: 3 }, seeds: [1, 2], baseline: { "a.b": "c" }, test: true, testData: "t" } as const; // prettier-ignore
    expect(againCommand("my recipe.json", options)).toBe(
      "polyvec sweep 'my recipe.json' --vary 'model.paths.count=[1,2]' --set steps=3 --seeds '1,2' --baseline a.b=c --out runs/s --test --test-data t",
    );
  });
});
