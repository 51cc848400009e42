import { expect, test } from "vitest";
import { z } from "zod";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { ConfigError } from "../errors/families.ts";
import { parseConfig } from "./parse-config.ts";

const layer = z.strictObject({ width: z.number().int().positive(), name: z.string().optional() });
const schema = z.strictObject({
  layers: z.array(layer).default([]),
  byName: z.record(z.string(), layer).optional(),
  mode: z.enum(["fast", "exact"]).optional(),
  shape: z
    .union([z.strictObject({ kind: z.literal("round"), radius: z.number() }), z.strictObject({ kind: z.literal("square") })])
    .optional(),
  size: z.union([z.number().positive(), z.literal("auto")]).optional(),
  even: z
    .number()
    .refine((value) => value % 2 === 0, "expected an even number")
    .optional(),
});

test("what fits is given back with its defaults", () => {
  expect(parseConfig(schema, { mode: "fast" }, { file: "f" })).toEqual({ layers: [], mode: "fast" });
});

test.each([
  [{ lairs: [] }, "lairs", /f\.json: lairs is not a known field \(did you mean layers\?\); correct or remove it/],
  [{ layers: [{ width: 1 }, { width: 1, nmae: "" }] }, "layers[1].nmae", /did you mean name\?/],
  [{ byName: { a: { widht: 1 } } }, "byName.a.widht", /did you mean width\?/],
  [{ shape: { kind: "round", radios: 1 } }, "shape.radios", /did you mean radius\?/],
  [{ layers: [{ width: "1" }] }, "layers[0].width", /layers\[0\]\.width is "1", expected number/],
  [{ layers: [{}] }, "layers[0].width", /width is missing, expected number/],
  [{ layers: {} }, "layers", /layers is \{\}, expected array/],
  [{ mode: "slow" }, "mode", /mode is "slow", expected one of "fast"\|"exact"/],
  [{ shape: { kind: "round", radius: "1" } }, "shape.radius", /radius is "1", expected number/],
  [{ shape: { kind: "oval" } }, "shape.kind", /kind is "oval", expected "round" or "square"/],
  [{ shape: 3 }, "shape", /shape is 3, expected object/],
  [{ size: "big" }, "size", /size is "big", expected number or "auto"/],
  [{ even: 3 }, "even", /even is 3, expected an even number/],
  [null, "the whole", /the whole is null, expected object/],
] as const)("%j", async (value, field, message) => {
  const error = await thrownBy(() => parseConfig(schema, value, { file: "f.json" }));
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ message: expect.stringMatching(message) as string, details: { file: "f.json", field } });
});
