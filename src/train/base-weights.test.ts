import { expect, test } from "vitest";
import { tinyModel } from "../../test/support/tiny-model.ts";
import { SINGLE_PATH } from "../model/paths/path-config.ts";
import { BaseWeights } from "./base-weights.ts";

const LORA = { rank: 2, alpha: 4, targetModules: ["q_proj"] };
const Q = "model.layers.0.self_attn.q_proj.weight";
const { weights } = tinyModel({ paths: SINGLE_PATH, lora: LORA });
const shapeOf = (name: string): readonly number[] => weights.get(name)?.shape ?? [];

/** A folder with those weights and adapters. */
function base(): ConstructorParameters<typeof BaseWeights>[0] {
  const shapes = new Map([...weights].map(([name, { shape }]) => [name, shape]));
  const read = (name: string): Promise<unknown> => Promise.resolve(weights.get(name));
  const locate = (file: string): unknown => ({ file });
  return { lora: LORA, weights: { shapes, read, locate } as unknown as ConstructorParameters<typeof BaseWeights>[0]["weights"] };
}

test("adapters of the kind that is trained are gone on with", async () => {
  const same = new BaseWeights(base(), { ...LORA, rankStabilized: false });
  const adapter = Q.replace(".weight", ".lora_B.weight");
  for (const name of [Q, adapter]) {
    expect(same.has(name, shapeOf(name))).toBe(true);
    expect(await same.read(name)).toBe(weights.get(name));
  }
  expect([same.locate(Q), same.isChanged(Q)]).toEqual([{ file: Q }, false]);
});

test("other adapters belong into the weights they adapt: W + alpha / rank · B·A", async () => {
  const merged = new BaseWeights(base(), undefined);
  const [plain, down, up] = [Q, Q.replace("weight", "lora_A.weight"), Q.replace("weight", "lora_B.weight")].map(
    (name) => weights.get(name)?.data ?? [],
  );
  const value = (await merged.read(Q)).data[1] ?? 0;
  const inputs = shapeOf(Q)[1] ?? 0;
  const update = (up?.[0] ?? 0) * (down?.[1] ?? 0) + (up?.[1] ?? 0) * (down?.[inputs + 1] ?? 0);
  expect(value).toBeCloseTo((plain?.[1] ?? 0) + 2 * update, 6);
  expect(merged.has(Q.replace(".weight", ".lora_A.weight"), [2, 32])).toBe(false);
  expect([merged.locate(Q), merged.isChanged(Q)]).toEqual([undefined, true]);
  expect(await merged.read("model.norm.weight")).toBe(weights.get("model.norm.weight"));
  expect(merged.locate("model.norm.weight")).toEqual({ file: "model.norm.weight" });
});

test("adapters with magnitudes are others than those without, and merge to rows of that length", async () => {
  const { weights: trained } = tinyModel({ paths: SINGLE_PATH, lora: { ...LORA, dora: true } });
  const dora = { ...LORA, dora: true };
  const shapes = new Map([...trained].map(([name, { shape }]) => [name, shape]));
  const read = (name: string): Promise<unknown> => Promise.resolve(trained.get(name));
  const folder = { lora: dora, weights: { shapes, read } as unknown as ConstructorParameters<typeof BaseWeights>[0]["weights"] };
  expect(await new BaseWeights(folder, dora).read(Q)).toBe(trained.get(Q));
  const magnitude = Q.replace(".weight", ".lora_magnitude_vector");
  expect(await new BaseWeights(folder, dora).read(magnitude)).toBe(trained.get(magnitude));
  expect(new BaseWeights(folder, LORA).has(magnitude, [32])).toBe(false);
  const { data } = await new BaseWeights(folder, LORA).read(Q);
  const length = Math.hypot(...data.slice(0, shapeOf(Q)[1]));
  expect(length).toBeCloseTo(Math.abs(trained.get(magnitude)?.data[0] ?? 0), 4);
});

test("what has another shape, or is not there, is left behind", () => {
  const same = new BaseWeights(base(), LORA);
  expect(same.has("model.norm.weight", [31])).toBe(false);
  expect(same.has("paths.layers.0.prefix_keys", [2, 1, 2, 16])).toBe(false);
});
