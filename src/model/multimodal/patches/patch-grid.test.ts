import { expect, test } from "vitest";
import { patchPlaces } from "./patch-grid.ts";

test("a block's patches lie together, blocks row by row", () => {
  expect(patchPlaces({ rows: 4, columns: 4 }, 2).map(([row, column]) => `${row}${column}`)).toEqual(
    ["00", "01", "10", "11", "02", "03", "12", "13", "20", "21", "30", "31", "22", "23", "32", "33"], // prettier-ignore
  );
});
