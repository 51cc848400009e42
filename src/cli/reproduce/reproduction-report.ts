import { availableParallelism, cpus } from "node:os";
import { emojiBaselines, pixelFact } from "../../eval/benchmark/emoji-benchmark.ts";
import type { CaseGallery } from "../../eval/cases/query-case.ts";
import type { ModelEvaluation } from "../../eval/evaluate.ts";
import { buildReport } from "../../eval/report/build-report.ts";
import { count } from "../../eval/report/format-number.ts";
import type { ReportModelInput, ReportRun } from "../../eval/report/report-input.ts";
import type { Fact, ModelCost, Report } from "../../eval/report/report-types.ts";
import { conceptsOf } from "../../data/emoji/corpus.ts";
import { present } from "../../errors/families.ts";
import { openModelFolder } from "../../model/folder/open-model-folder.ts";
import { openRecipeData } from "../../train/sources/recipe-source.ts";
import { timeEmbedding } from "./embedding-cost.ts";
import { evaluateRun, evaluateRunWithCases, evaluateSum, type ScoredRun } from "./evaluate-run.ts";
import { exampleSearches } from "./example-searches.ts";
import { ensembleSeeds } from "./plan-runs.ts";
import type { ReproduceContext } from "./reproduce-context.ts";
import { bestPath, learningCurve, mutualInformation } from "../runs/run-log.ts";
import { SETUPS, type SetupId } from "./setups.ts";
import type { TrainedRun } from "./trained-run.ts";
import { trainableParameters, trainingFlops } from "../runs/training-cost.ts";

type EmbeddingMs = ModelCost["embeddingMs"];

/** Scores all runs on the test tasks, measures their cost and puts everything into a report. @throws {AbortedError} when the signal fires. */
export async function makeReport(runs: readonly TrainedRun[], context: ReproduceContext): Promise<Report> {
  const { preset, testTasks, corpus } = context;
  const [reference, main] = preset.setups;
  const shown = runs.filter(({ seed }) => preset.seeds.includes(seed));
  const [mainRun, referenceRun] = [firstRun(shown, main), firstRun(shown, reference)];
  const { evaluated, cases } = await scoreRuns(shown, [mainRun, referenceRun], context);
  const sum = await sumOfReference(runs, context);
  const firsts = preset.setups.map((setup) => firstRun(shown, setup));
  const timed = firsts.map(({ setup, model, recipe }) => ({ name: setup, folder: model, paths: recipe.model.paths }));
  const times = await timeEmbedding(timed, context);
  const models = preset.setups.map((setup) => {
    const own = shown.filter((run) => run.setup === setup);
    return setupModel(setup, own.map((run) => present(evaluated.get(run), run.folder)), times.get(setup)); // prettier-ignore
  });
  const searches = await exampleSearches({ id: main, folder: mainRun.model }, context);
  return buildReport({
    title: `${SETUPS[main].name} beside ${SETUPS[reference].name} on emoji, ${preset.name}`,
    createdAt: new Date(),
    ...(preset.seeds.length > 1 ? {} : { notice: ONE_SEED }),
    facts: factsOf(referenceRun, mainRun, context),
    baselines: emojiBaselines(testTasks),
    models: [...models, ...(sum === undefined ? [] : [withCostOfSum(sum, times.get(reference))])],
    reference,
    main,
    searches,
    cases: present(cases.get(mainRun), "the main run's cases"),
    referenceCases: present(cases.get(referenceRun), "the reference's cases"),
  });

  function factsOf(first: TrainedRun, second: TrainedRun, { baseLabel }: ReproduceContext): Fact[] {
    return [
      { label: "Base model", value: baseLabel },
      { label: "Training", value: describeTraining(first) },
      { label: "Paths", value: describePaths(second) },
      { label: "Seeds", value: preset.seeds.join(", ") },
      { label: "Concepts", value: describeConcepts(context) },
      { label: "Split", value: "test: OpenMoji's drawings, which no training showed. The single path was chosen on validation." },
      pixelFact(corpus, "test"),
      {
        label: "Training FLOPs",
        value: "matrix products, forward and backward, counted on one batch of each task; times are sums over steps",
      },
      { label: "Machine", value: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} threads, Node ${process.versions.node}` },
    ];
  }
}

const ONE_SEED =
  "One training seed and few steps from a small base: this shows the method at work on real pictures. Which of two close models is better it cannot tell.";

/** Scores every run, and looks for the failure cases of those that are shown beside each other. */
async function scoreRuns(
  runs: readonly TrainedRun[],
  beside: readonly TrainedRun[],
  context: ReproduceContext,
): Promise<{ readonly evaluated: ReadonlyMap<TrainedRun, ReportRun>; readonly cases: ReadonlyMap<TrainedRun, CaseGallery> }> {
  const evaluated = new Map<TrainedRun, ReportRun>();
  const cases = new Map<TrainedRun, CaseGallery>();
  for (const [place, run] of runs.entries()) {
    const label = `score ${place + 1} of ${runs.length}: ${SETUPS[run.setup].name}, seed ${run.seed}`;
    const scored: ScoredRun = await (beside.includes(run) ? evaluateRunWithCases : evaluateRun)(label, run.folder, context);
    evaluated.set(run, await reportRun(run, scored.evaluation, context));
    if (scored.cases !== undefined) cases.set(run, scored.cases);
  }
  return { evaluated, cases };
}

async function reportRun(run: TrainedRun, evaluation: ModelEvaluation, context: ReproduceContext): Promise<ReportRun> {
  const { seed, log } = run;
  const { cost, dimensions } = await costOf(run, context);
  const estimator = mutualInformation(log, dimensions);
  return {
    seed,
    evaluation,
    singlePath: bestPath(log),
    curve: learningCurve(log),
    cost,
    ...(estimator === undefined ? {} : { mutualInformation: estimator }),
  };
}

async function costOf(
  { recipe, log, model: folder, trainingSeconds }: TrainedRun,
  { corpus }: ReproduceContext,
): Promise<{ readonly cost: Partial<ModelCost>; readonly dimensions: number }> {
  await using model = await openModelFolder(folder);
  const { source } = await openRecipeData(recipe, corpus);
  const cost = {
    trainingSeconds,
    trainingFlops: await trainingFlops({ recipe, model, source, steps: log.steps }),
    trainableParameters: trainableParameters({ recipe, model }),
  };
  return { cost, dimensions: model.backbone.decoder.hiddenSize };
}

function setupModel(setup: SetupId, runs: readonly ReportRun[], embeddingMs: EmbeddingMs | undefined): ReportModelInput {
  const { name, description, role } = SETUPS[setup];
  const timed = embeddingMs === undefined ? runs : runs.map((run) => ({ ...run, cost: { ...run.cost, embeddingMs } }));
  return { id: setup, name, description, role, runs: timed };
}

/** The yardstick: several references whose scores are summed. */
async function sumOfReference(runs: readonly TrainedRun[], context: ReproduceContext): Promise<ReportModelInput | undefined> {
  const seeds = ensembleSeeds(context.preset);
  if (seeds.length === 0) return undefined;
  const [reference] = context.preset.setups;
  const members = runs.filter(({ setup, seed }) => setup === reference && seeds.includes(seed));
  const { name } = SETUPS[reference];
  const evaluation = await evaluateSum(`score ${members.length} ${name} together`, members.map(({ folder }) => folder), context); // prettier-ignore
  const trainingSeconds = members.reduce((sum, run) => sum + run.trainingSeconds, 0);
  return {
    id: `${reference}-sum`,
    name: `${members.length} ${name}, scores summed`,
    description: `seeds ${seeds.join(", ")}; ${members.length} times the cost`,
    role: "yardstick",
    runs: [{ seed: context.preset.seeds[0], evaluation, cost: { trainingSeconds } }],
  };
}

function withCostOfSum(model: ReportModelInput, one: EmbeddingMs | undefined): ReportModelInput {
  const ms = one?.aggregate ?? null;
  if (ms === null) return model;
  const runs = model.runs.map((run) => {
    const all = ms * run.evaluation.pathCount;
    return { ...run, cost: { ...run.cost, embeddingMs: { single: ms, aggregate: all, all } } };
  });
  return { ...model, runs };
}

function firstRun(runs: readonly TrainedRun[], setup: SetupId): TrainedRun {
  return present(
    runs.find((run) => run.setup === setup),
    `a run of ${setup}`,
  );
}

function describeTraining({ recipe: { steps, data, optimizer, objective } }: TrainedRun): string {
  const batch = `${count(steps)} steps of ${count(data.batchSize)} queries with their answers and hard negatives`;
  return `${batch}, ${optimizer.kind}, learning rate ${optimizer.learningRate}, temperature ${objective.temperature}; the same data in the same order for all`;
}

function describePaths({ recipe: { model, objective }, prefixScale }: TrainedRun): string {
  const { count: paths, prefixLength, topology, aggregation, targetCosine } = model.paths;
  const scale = prefixScale === undefined ? "" : `, prefixes calibrated to ${prefixScale.toPrecision(3)} for a cosine of ${targetCosine}`;
  const term = objective.regulariser.kind === "none" ? "no MI term" : `${objective.regulariser.kind} at ${objective.regulariserWeight}`;
  return `${paths}, ${topology.kind}, prefix length ${prefixLength}${scale}, aggregate by ${aggregation}, path loss ${objective.pathWeight}, ${term}`;
}

function describeConcepts({ corpus }: ReproduceContext): string {
  const sizes = (["train", "validation", "test"] as const).map((split) => `${count(conceptsOf(corpus, split).length)} ${split}`);
  return `${sizes.join(", ")}; no concept or variant of one in two of them`;
}
