import { DRAWING_SETS } from "../../src/data/emoji/drawing-sets.ts";
import { ICON_SETS } from "../../src/data/icons/icon-sets.ts";
import { modelOf, VIEW_NAMES } from "../../src/eval/report/find-in-report.ts";
import { count, percent, quantity } from "../../src/eval/report/format-number.ts";
import type { Report, ReportModel, ScoreView, SeededEstimate } from "../../src/eval/report/report-types.ts";
import { MEAN_NAMES } from "../../src/eval/report/result-rows.ts";
import type { PolyvecConfig } from "../../src/model/folder/polyvec-config.ts";
import { parseRecipe } from "../../src/train/recipe/recipe.ts";
import type { Recipe } from "../../src/train/recipe/recipe-types.ts";

/** What a card is written from. */
export interface ModelCardInput {
  /** "emoji-mini". */
  readonly name: string;
  readonly polyvec: PolyvecConfig;
  /** Numbers of the model. */
  readonly parameters: number;
  /** D */
  readonly dimensions: number;
  /** Scores of this model, on the test split. */
  readonly report: Report;
  /** Its id in the report; the report's main model if not given. */
  readonly model?: string | undefined;
}

/** A model card, in Markdown with Hugging Face's front matter: what it is, data and licences, training, scores with their spread, limits. */
export function modelCard(input: ModelCardInput): string {
  const { name, polyvec, parameters, dimensions } = input;
  const recipe = parseRecipe(polyvec.provenance["recipe"], { file: `${name}: provenance.recipe` });
  const { paths } = polyvec;
  const several = paths.count > 1;
  const what = several
    ? `It gives ${paths.count} complementary vectors of ${dimensions} numbers for one input, and one vector made of them.`
    : `It gives one vector of ${dimensions} numbers for an input, and is meant to be fine-tuned: multi-path models start from it.`;
  return [
    frontMatter(several),
    `# ${name}`,
    `A small multimodal embedding model for drawings, icons and the words for them, in the Qwen2-VL architecture: ${quantity(parameters)} parameters, trained from scratch. ${what} It was trained with Polyvec, and is small enough to be trained again on two cores.`,
    usage(name),
    ...data(recipe),
    ...training(recipe, polyvec),
    ...scores(input),
    LIMITS,
    LICENCE,
  ].join("\n\n");
}

function frontMatter(several: boolean): string {
  const tags = ["sentence-similarity", "feature-extraction", "multimodal", "emoji", ...(several ? ["multi-vector"] : [])];
  return ["---", "license: apache-2.0", "language: en", "library_name: polyvec", "tags:", ...tags.map((tag) => `  - ${tag}`), "---"].join("\n");
}

function usage(name: string): string {
  const code = `import { loadModel } from "polyvec";\n\nawait using model = await loadModel("${name}");\nconst [cat] = await model.embed([{ text: "happy cat" }]);`;
  return `\`\`\`ts\n${code}\n\`\`\``;
}

function data({ data: { kind } }: Recipe): string[] {
  const sets = DRAWING_SETS.filter(({ role }) => role !== "test").map((set) => [`emoji, ${set.name}`, set.package, set.licence]);
  const icons = kind === "emoji-pretraining" ? ICON_SETS.map((set) => [`icons, ${set.name}`, set.package, set.licence]) : [];
  const words = [["names, tags and groups of emoji", "emojibase-data", "MIT"]];
  const table = markdownTable(["Pictures and words", "Package", "Licence"], [...sets, ...icons, ...words]);
  const kept =
    "OpenMoji's drawings (CC BY-SA 4.0) were never trained on: they are the unseen vendor of the test. No drawing of a validation or test concept was trained on, whoever drew it.";
  return ["## Data", table, kept];
}

function training({ name, steps, data: { batchSize }, optimizer, seed, model }: Recipe, { paths, provenance }: PolyvecConfig): string[] {
  const start = model.base === undefined ? "From random weights" : `From \`${model.base.split("/").at(-1)}\``;
  const topology = paths.topology.kind === "parallel" ? "in parallel" : paths.topology.kind === "shared" ? "behind a shared trunk" : "behind shared layers";
  const described = `${paths.count} paths ${topology}, prefix length ${paths.prefixLength}, aggregate by ${paths.aggregation}`;
  const lines = [
    `${start}, recipe \`${name}\`: ${count(steps)} steps of ${count(batchSize)}, ${optimizer.kind}, learning rate ${optimizer.learningRate}, seed ${seed}. The whole recipe is in \`polyvec.json\` under \`provenance\`.`,
    ...(paths.count > 1 ? [`${described}${calibrationOf(provenance)}.`] : []),
  ];
  return ["## Training", lines.join(" ")];
}

function calibrationOf({ calibration }: PolyvecConfig["provenance"]): string {
  if (typeof calibration !== "object" || calibration === null || !("scale" in calibration)) return "";
  return `, prefixes calibrated to a standard deviation of ${Number(calibration.scale).toPrecision(3)}`;
}

function scores({ report, model: id = report.main }: ModelCardInput): string[] {
  const model = modelOf(report, id);
  const views: ScoreView[] = model.pathCount === 1 ? ["aggregate"] : ["single", "aggregate", "all"];
  const head = ["Task", ...views.map((view) => (model.pathCount === 1 ? "P@1, %" : VIEW_NAMES[view])), "Without a model"];
  const tasks = report.tasks.map((task, place) => [
    task.name,
    ...views.map((view) => interval(model.scores[view].tasks[place])),
    task.baselines.map(({ name, score }) => `${name} ${percent(score)}`).join(", "),
  ]);
  const means = (["seen", "unseen", "all"] as const).map((group) => [
    MEAN_NAMES[group],
    ...views.map((view) => interval(model.scores[view].means[group])),
    "",
  ]);
  const intro = `Precision at 1 in percent with 95 % bootstrap intervals, on the emoji benchmark's test split: queries drawn by a vendor that was never trained on (OpenMoji), about ${count(report.tasks[0]?.candidates ?? 0)} candidates each, on concepts seen in training (in other drawings) and unseen ones.`;
  return ["## Scores", intro, markdownTable(head, [...tasks, ...means]), spread(model)];
}

function interval(estimate: Pick<SeededEstimate, "value" | "low" | "high"> | null | undefined): string {
  return estimate ? `${percent(estimate.value)} (${percent(estimate.low)} to ${percent(estimate.high)})` : "";
}

function spread({ seeds, scores: { aggregate } }: ReportModel): string {
  const { standardDeviation, perSeed } = aggregate.means.all;
  if (standardDeviation === null) return "One training seed: the intervals cover the luck of the queries, not that of training.";
  const each = perSeed.map((value, place) => `${percent(value)} (seed ${seeds[place]})`).join(", ");
  return `Means over ${seeds.length} training seeds; the mean of the aggregate by seed: ${each}, standard deviation ${percent(standardDeviation)} points.`;
}

const LIMITS = `## Limits

- It knows drawings of things that have an emoji or an icon, at 64 to 96 pixels, and English words for them: no photographs, no text in pictures, no sentences
  beyond short descriptions.
- Its questions about pictures are templated, six kinds of them; it does not answer free questions.
- It is far weaker on concepts it was not trained on, and on vendors whose style it has not seen: see the scores.
- Names, tags and drawings carry the choices of those who made them, of people, flags and trades among others; so do similarities between them.`;

const LICENCE = `## Licence

The weights are under Apache-2.0. The pictures they were trained on have licences of their own, named above; those that ask for attribution are
Twemoji (CC BY 4.0, © Twitter, Inc. and contributors), Streamline (CC BY 4.0) and, for icons, game-icons.net (CC BY 3.0).
`;

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
