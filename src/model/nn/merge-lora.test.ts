import { expect, test } from "vitest";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { floatTensor } from "../../engine/tensor/tensor.ts";
import { ShapeError } from "../../errors/families.ts";
import { mergeLora } from "./merge-lora.ts";

const weight = floatTensor([2, 3], [1, 2, 3, 4, 5, 6]);
const down = floatTensor([1, 3], [1, 0, -1]);
const up = floatTensor([2, 1], [2, 3]);

test("adds the scaled product", () => {
  expect(mergeLora(weight, { down, up }, 0.5)).toEqual(floatTensor([2, 3], [2, 2, 2, 5.5, 5, 4.5]));
  expect(mergeLora(weight, { down, up }, 0.25).data[0]).toBe(1.5);
});

test("with magnitudes, each row gets its own length", () => {
  const magnitude = floatTensor([2], [1, 10]);
  const { data } = mergeLora(
    floatTensor([2, 2], [3, 4, 0, 0]),
    { down: floatTensor([1, 2], [1, 0]), up: floatTensor([2, 1], [0, 2]), magnitude },
    1,
  );
  expect(Array.from(data, (value) => Math.round(value * 1e6) / 1e6)).toEqual([0.6, 0.8, 10, 0]);
});

test("refuses factors of another layer", async () => {
  expect(await thrownBy(() => mergeLora(weight, { down: up, up: down }, 1))).toBeInstanceOf(ShapeError);
});
