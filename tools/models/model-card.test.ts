import { expect, test } from "vitest";
import { madeUpReportInput } from "../../test/fixtures/eval/made-up-report.ts";
import { buildReport } from "../../src/eval/report/build-report.ts";
import { PLAIN_BACKBONE } from "../../src/model/folder/polyvec-config.ts";
import { readBaseRecipes } from "../../src/cli/reproduce/base-recipes.ts";
import { PRESETS } from "../../src/cli/reproduce/presets.ts";
import { modelCard } from "./model-card.ts";

const report = buildReport(madeUpReportInput());
const { ssc, pdf } = (await readBaseRecipes(PRESETS.full.training)).forSeed(3);
const sizes = { parameters: 5.1e6, dimensions: 192, report };

test("a multi-path model's card has its data with licences, its recipe, and scores with spread", () => {
  const polyvec = { ...PLAIN_BACKBONE, paths: pdf.model.paths, provenance: { recipe: pdf, calibration: { scale: 2.5 } } };
  const card = modelCard({ name: "emoji-mini", polyvec, ...sizes });
  expect(card).toMatch(/^---\nlicense: apache-2.0\n/);
  expect(card).toContain("5.10 M parameters");
  expect(card).toContain("| emoji, twemoji | @iconify-json/twemoji | CC-BY-4.0 |");
  expect(card).not.toMatch(/\| icons, |openmoji \|/);
  expect(card).toMatch(/From `emoji-base`, recipe `emoji-pdf`: 600 steps of 64, adamw, .* seed 3\..*calibrated to a standard deviation of 2\.50/);
  expect(card).toMatch(/\| Task \| single path \| aggregate \| all paths \| Without a model \|/);
  expect(card).toMatch(/\| image to image, seen \| [\d.]+ \([\d.]+ to [\d.]+\) \|.* raw pixels 13\.4 \|/);
  expect(card).toMatch(/Means over 3 training seeds; .* standard deviation [\d.]+ points/);
});

test("a single-path model's card has one column, and icons where it was pretrained on them", () => {
  const recipe = { ...ssc, model: { ...ssc.model, base: undefined, config: {} }, data: { kind: "emoji-pretraining", batchSize: 8 } };
  const polyvec = { ...PLAIN_BACKBONE, provenance: { recipe: JSON.parse(JSON.stringify(recipe)) as unknown } };
  const card = modelCard({ name: "emoji-base", polyvec, ...sizes, model: "ssc" });
  expect(card).toContain("| icons, lucide | lucide-static | ISC |");
  expect(card).toMatch(/\| Task \| P@1, % \| Without a model \|/);
  expect(card).toContain("From random weights");
});
