import { expect, test } from "vitest";
import { DataError } from "../../errors/families.ts";
import { parseEvalRow } from "./eval-row.ts";

const place = { dataset: "CIRR", row: 3 };

test("a row of v1 columns has no instructions", () => {
  const values = { qry_text: "which?", qry_img_path: "a.png", tgt_text: ["x", ""], tgt_img_path: ["", "b.png"] };
  expect(parseEvalRow(values, place)).toEqual({
    row: 3,
    query: { text: "which?", image: "a.png" },
    candidates: [
      { text: "x", image: "" },
      { text: "", image: "b.png" },
    ],
    instructions: undefined,
  });
});

test("a row with instructions of their own; what is null is empty", () => {
  const values = { qry_inst: "Find:", qry_text: null, qry_img_path: null, tgt_inst: null, tgt_text: ["x"], tgt_img_path: null };
  expect(parseEvalRow(values, place)).toMatchObject({ query: { text: "", image: "" }, instructions: { query: "Find:", candidate: "" } });
});

test("one text for all candidates is every candidate's", () => {
  const values = { qry_text: "q", qry_img_path: "", tgt_text: "Represent.", tgt_img_path: ["a.png", "b.png"] };
  expect(parseEvalRow(values, place).candidates.map(({ text }) => text)).toEqual(["Represent.", "Represent."]);
});

test.each([
  [{ qry_text: 7, tgt_text: ["x"] }, "qry_text"],
  [{ qry_text: "q", tgt_text: [], tgt_img_path: [] }, "tgt_text"],
  [{ qry_text: "q", tgt_text: ["x", "y"], tgt_img_path: ["a.png"] }, "tgt_img_path"],
])("a wrong row is named with its column", (values, field) => {
  const attempt = (): unknown => parseEvalRow(values, place);
  expect(attempt).toThrow(DataError);
  expect(attempt).toThrow(`CIRR, row 3, column ${field}`);
});
