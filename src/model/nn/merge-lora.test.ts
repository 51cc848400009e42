import { expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { floatTensor } from "../../engine/tensor/tensor.ts";
import { ShapeError } from "../../errors/families.ts";
import { mergeLora } from "./merge-lora.ts";

const weight = floatTensor([2, 3], [1, 2, 3, 4, 5, 6]);
const down = floatTensor([1, 3], [1, 0, -1]);
const up = floatTensor([2, 1], [2, 3]);
const lora = { rank: 1, alpha: 0.5, targetModules: ["q_proj"] };

test("adds the scaled product", () => {
  expect(mergeLora(weight, { down, up }, lora)).toEqual(floatTensor([2, 3], [2, 2, 2, 5.5, 5, 4.5]));
  expect(mergeLora(weight, { down, up }, { ...lora, rank: 4, rankStabilized: true }).data[0]).toBe(1.5);
});

test("refuses factors of another layer", async () => {
  expect(await thrownBy(() => mergeLora(weight, { down: up, up: down }, lora))).toBeInstanceOf(ShapeError);
});
