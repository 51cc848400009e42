import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadEmojiCorpus } from "../../src/data/emoji/corpus.ts";
import { loadModel } from "../../src/embed/load-model.ts";
import { emojiBaselines, emojiBenchmark } from "../../src/eval/benchmark/emoji-benchmark.ts";
import { evaluateEmbedder } from "../../src/eval/benchmark/evaluate-embedder.ts";
import type { ModelEvaluation } from "../../src/eval/evaluate.ts";
import type { EvaluableTask } from "../../src/eval/ranking-task.ts";
import { buildReport } from "../../src/eval/report/build-report.ts";
import type { EmbeddingInput } from "../../src/inputs/embedding-input.ts";
import { exportModelFolder } from "../../src/model/folder/export-model-folder.ts";
import { MODEL_FILES } from "../../src/model/folder/model-files.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { DTYPES, qualityTable, type DTypeQuality } from "./quality-table.ts";

/**
 * What a model loses in each dtype, on the emoji benchmark's test split; prints a Markdown table for each model:
 *
 *     npx tsx tools/models/export-quality.ts [--queries 300] models/emoji-mini models/emoji-base
 *
 * Each dtype is exported by `polyvec export`'s code into a folder that goes afterwards, and scored as `polyvec eval` does; differences from float32 are
 * paired query by query.
 */
const { positionals: models, values } = parseArgs({ allowPositionals: true, options: { queries: { type: "string", default: "300" } } });
const corpus = await loadEmojiCorpus({});
const tasks = emojiBenchmark(corpus, { split: "test", queriesPerTask: Number(values.queries) });
const root = await mkdtemp(join(tmpdir(), "polyvec-quality-"));
try {
  for (const model of models) console.log(`\n${model}\n\n${await qualityOf(model)}`);
} finally {
  await rm(root, { recursive: true, force: true });
}

async function qualityOf(path: string): Promise<string> {
  const evaluations: { readonly dtype: (typeof DTYPES)[number]; readonly bytes: number; readonly evaluation: ModelEvaluation }[] = [];
  for (const dtype of DTYPES) {
    const folder = join(root, dtype);
    await using model = await openModelFolder(path);
    await exportModelFolder(model, folder, { dtype, merge: true, onnx: false });
    const { size: bytes } = await stat(join(folder, MODEL_FILES.weights));
    evaluations.push({ dtype, bytes, evaluation: await evaluate(folder, tasks) });
  }
  const report = buildReport({
    title: path,
    createdAt: new Date(),
    facts: [],
    baselines: emojiBaselines(tasks),
    models: evaluations.map(({ dtype, evaluation }) => {
      const role = dtype === "float32" ? ("baseline" as const) : ("ablation" as const);
      return { id: dtype, name: dtype, role, runs: [{ seed: 0, evaluation, singlePath: 0 }] };
    }),
    reference: "float32",
    main: "int8",
  });
  const rows = evaluations.map(({ dtype, bytes }): DTypeQuality => ({ dtype, bytes }));
  return qualityTable(report, rows);
}

async function evaluate(folder: string, benchmark: readonly EvaluableTask<EmbeddingInput>[]): Promise<ModelEvaluation> {
  await using model = await loadModel(folder);
  return await evaluateEmbedder((inputs) => model.embedSet(inputs), benchmark);
}
