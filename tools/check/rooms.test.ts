import { describe, expect, it } from "vitest";
import { Repository } from "./repository.ts";
import { checkRooms, importProblem, ROOMS } from "./rooms.ts";

describe("importProblem", () => {
  it.each([
    ["src/engine/graph/value.ts", "../../errors/families.ts"],
    ["src/engine/graph/value.ts", "../tensor/tensor.ts"],
    ["src/engine/device.ts", "./runtime/session.ts"],
    ["src/model/backbones/qwen2-vl/model.ts", "../../paths/prefixes.ts"],
    ["src/train/trainer.ts", "../embed/embedder.ts"],
    ["src/train/trainer.ts", "./objective/info-nce.ts"],
    ["src/train/trainer.ts", "node:path"],
    ["src/index.ts", "./embed/embedder.ts"],
    ["src/cli/commands/train.ts", "../../train/trainer.ts"],
    ["src/engine/graph/value.test.ts", "../../../test/support/close.ts"],
  ])("%s may import %s", (file, specifier) => {
    expect(importProblem(file, specifier)).toBeUndefined();
  });

  it.each([
    ["src/engine/graph/value.ts", "../../model/nn/linear.ts", /engine may import errors, files, random/],
    ["src/errors/families.ts", "../files/atomic-write.ts", /errors may import nothing/],
    ["src/engine/tensor/tensor.ts", "../graph/value.ts", /tensor < graph/],
    ["src/engine/graph/value.ts", "../device.ts", /stand above its parts/],
    ["src/engine/graph/value.ts", "../kernels/matmul.ts", /kernels is no part of engine/],
    ["src/eval/report.ts", "../train/trainer.ts", /eval may import/],
    ["src/data/examples.ts", "../embed/embedder.ts", /data may import/],
    ["src/embed/embedder.ts", "../cache/lru.ts", /cache is no room/],
    ["src/embed/embedder.ts", "../index.ts", /top of src/],
    ["src/embed/embedder.ts", "polyvec", /the file that holds the thing/],
    ["src/embed/embedder.ts", "../../test/support/close.ts", /outside src/],
    ["src/index.ts", "./cli/main.ts", /command line/],
  ])("%s may not import %s", (file, specifier, reason) => {
    expect(importProblem(file, specifier)).toMatch(reason);
  });
});

describe("the house", () => {
  it("is drawn without cycles: every room imports only rooms named before it", () => {
    const order = Object.keys(ROOMS);
    for (const [name, { imports }] of Object.entries(ROOMS)) {
      for (const below of imports) expect(order.indexOf(below), `${name} imports ${below}`).toBeLessThan(order.indexOf(name));
    }
  });

  it("is kept by every import in src/", () => {
    expect(checkRooms(Repository.open(import.meta.dirname))).toEqual([]);
  });
});
