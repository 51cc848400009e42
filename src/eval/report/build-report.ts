import { DataError } from "../../errors/families.ts";
import { mean } from "../bootstrap.ts";
import type { TaskEvaluation } from "../evaluate.ts";
import type { ReportInput, ReportModelInput, ReportRun } from "./report-input.ts";
import type {
  Comparison,
  EmbeddingView,
  LearningCurve,
  ModelCost,
  ModelDiversity,
  Report,
  ReportModel,
  ReportTask,
  ScoredModel,
  ScoreView,
} from "./report-types.ts";
import { ModelScorer } from "./score-models.ts";
import { thinCurve } from "./thin-curve.ts";

/**
 * Works out everything a report shows: scores with intervals, paired differences from the reference model, means over seeds.
 * @throws {DataError} if models were evaluated on different tasks, or `reference` or `main` is none of them.
 */
export function buildReport(input: ReportInput): Report {
  checkModels(input);
  const tasks = firstRun(input.models[0] as ReportModelInput).evaluation.tasks.map((task) => describeTask(task, input));
  const options = { seed: input.bootstrap?.seed ?? 0, resamples: input.bootstrap?.resamples ?? 2000 };
  const scorer = new ModelScorer(tasks, options);
  for (const model of input.models) scorer.add(model);
  return {
    format: "polyvec-report",
    version: 1,
    title: input.title,
    createdAt: input.createdAt.toISOString(),
    notice: input.notice ?? null,
    facts: input.facts ?? [],
    bootstrap: { ...options, confidence: 0.95 },
    tasks,
    models: input.models.map((model) => describeModel(model, scorer)),
    reference: input.reference,
    main: input.main,
    comparisons: pairsToCompare(input).map(([left, right]): Comparison => scorer.compare(left, right)),
    curves: input.models.flatMap(curvesOf),
    diversity: input.models.flatMap(diversityOf),
    searches: input.searches ?? [],
    cases: input.cases ?? null,
    referenceCases: input.referenceCases ?? null,
  };
}

function checkModels({ models, reference, main }: ReportInput): void {
  const ids = models.map(({ id }) => id);
  const problem = [
    [new Set(ids).size < ids.length, `two models have the same id (${ids.join(", ")}); give each its own`],
    [!ids.includes(reference), `the reference model ${JSON.stringify(reference)} is none of ${ids.join(", ")}`],
    [!ids.includes(main), `the main model ${JSON.stringify(main)} is none of ${ids.join(", ")}`],
    [models.some(({ runs }) => runs.length === 0), "a model has no runs; leave it out"],
  ].find(([wrong]) => wrong);
  if (problem !== undefined) throw new DataError({ message: `report: ${String(problem[1])}`, details: { ids, reference, main } });
}

function describeTask({ hits, chance, ...task }: TaskEvaluation, { baselines }: ReportInput): ReportTask {
  const marks = [{ name: "chance", score: chance }, ...(baselines?.[task.name] ?? [])];
  return { ...task, queries: hits.aggregate.length, baselines: marks };
}

function describeModel(model: ReportModelInput, scorer: ModelScorer): ReportModel {
  return {
    id: model.id,
    name: model.name,
    description: model.description ?? null,
    role: model.role,
    pathCount: firstRun(model).evaluation.pathCount,
    seeds: model.runs.map(({ seed }) => seed),
    scores: scorer.scores(model.id),
    paths: scorer.pathScores(model.id),
    cost: meanCost(model.runs),
  };
}

/** Every model against the reference, in the views it has; and the main model, with all its paths, against the yardsticks. */
function pairsToCompare({ models, reference, main }: ReportInput): [ScoredModel, ScoredModel][] {
  const against = (view: ScoreView, model: ReportModelInput): [ScoredModel, ScoredModel] => [
    { model: model.id, view },
    { model: reference, view: "aggregate" },
  ];
  const others = models.filter(({ id }) => id !== reference);
  const pairs = others.flatMap((model) => viewsOf(model).map((view) => against(view, model)));
  const yardsticks = models.filter(({ id, role }) => role === "yardstick" && id !== main);
  return [...pairs, ...yardsticks.map(({ id }): [ScoredModel, ScoredModel] => [{ model: main, view: "all" }, { model: id, view: "all" }])]; // prettier-ignore
}

function viewsOf(model: ReportModelInput): ScoreView[] {
  return firstRun(model).evaluation.pathCount === 1 || model.role === "yardstick" ? ["aggregate"] : ["single", "aggregate", "all"];
}

function meanCost(runs: readonly ReportRun[]): ModelCost {
  const meanOf = (pick: (cost: Partial<ModelCost>) => number | null | undefined): number | null => {
    const values = runs.map((run) => pick(run.cost ?? {})).filter((value) => value !== null && value !== undefined);
    return values.length === 0 ? null : mean(values);
  };
  const embedding = (view: EmbeddingView): number | null => meanOf((cost) => cost.embeddingMs?.[view]);
  return {
    trainingSeconds: meanOf((cost) => cost.trainingSeconds),
    trainingFlops: meanOf((cost) => cost.trainingFlops),
    trainableParameters: meanOf((cost) => cost.trainableParameters),
    embeddingMs: { single: embedding("single"), aggregate: embedding("aggregate"), all: embedding("all") },
  };
}

function curvesOf({ id, runs }: ReportModelInput): LearningCurve[] {
  return runs.flatMap(({ seed, curve }) => (curve === undefined ? [] : [{ model: id, seed, points: thinCurve(curve) }]));
}

function diversityOf({ id, runs }: ReportModelInput): ModelDiversity[] {
  return runs.flatMap(({ seed, evaluation, mutualInformation }): ModelDiversity[] => {
    if (evaluation.diversity === null || evaluation.pathCount === 1) return [];
    return [{ ...evaluation.diversity, model: id, seed, mutualInformation: mutualInformation ?? null }];
  });
}

function firstRun(model: ReportModelInput): ReportRun {
  return model.runs[0] as ReportRun;
}
