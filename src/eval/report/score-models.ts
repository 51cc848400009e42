import { DataError } from "../../errors/families.ts";
import {
  difference,
  estimate,
  meanOverSeeds,
  meanOverTasks,
  QueryResampler,
  standardDeviation,
  type BootstrapOptions,
  type Replicates,
} from "../bootstrap.ts";
import type { ConceptGroup } from "../ranking-task.ts";
import type { ViewHits } from "../scoring.ts";
import type { ReportModelInput, ReportRun } from "./report-input.ts";
import type { Comparison, GroupMeans, ScoredModel, ScoreView, SeededEstimate, ViewScores } from "./report-types.ts";

/** What the resamplers need of a task. */
export interface ScoredTask {
  readonly name: string;
  readonly concepts: ConceptGroup;
  readonly queries: number;
}

/** The replicates of one way of scoring one model: [seed][task]. */
type ModelReplicates = readonly (readonly Replicates[])[];

const VIEWS: readonly ScoreView[] = ["single", "aggregate", "all", "maxSim", "oracle"];

/** Scores models with intervals, all on the same resamples of the tasks' queries, so that every difference is paired. */
export class ModelScorer {
  readonly #tasks: readonly ScoredTask[];
  readonly #resamplers: readonly QueryResampler[];
  readonly #options: BootstrapOptions;
  readonly #models = new Map<string, { readonly model: ReportModelInput; readonly views: Readonly<Record<ScoreView, ModelReplicates>> }>();

  constructor(tasks: readonly ScoredTask[], options: BootstrapOptions) {
    this.#tasks = tasks;
    this.#options = options;
    this.#resamplers = tasks.map((task) => new QueryResampler(task.name, task.queries, options));
  }

  /** Takes a model in. @throws {DataError} if one of its runs is on other tasks. */
  add(model: ReportModelInput): void {
    for (const run of model.runs) this.#checkTasks(model, run);
    const replicatesOf = (view: ScoreView): ModelReplicates =>
      model.runs.map((run) => this.#replicate((hits) => hitsOfView(hits, view, run), run));
    const views = Object.fromEntries(VIEWS.map((view) => [view, replicatesOf(view)])) as Record<ScoreView, ModelReplicates>;
    this.#models.set(model.id, { model, views });
  }

  /** The scores of every view of a model that was added. */
  scores(id: string): Record<ScoreView, ViewScores> {
    return Object.fromEntries(VIEWS.map((view) => [view, this.#viewScores(id, view)])) as Record<ScoreView, ViewScores>;
  }

  /** The scores of every single path of a model's first seed. */
  pathScores(id: string): ViewScores[] {
    const run = this.#entry(id).model.runs[0] as ReportRun;
    return Array.from({ length: run.evaluation.pathCount }, (_, path) => {
      const replicates = [this.#replicate((hits) => hits.paths[path] as Uint8Array, run)];
      return this.#summarise(replicates, [run.seed]);
    });
  }

  /** `left - right`, on every task and on average. */
  compare(left: ScoredModel, right: ScoredModel): Comparison {
    const [one, other] = [this.#entry(left.model), this.#entry(right.model)];
    const [leftRuns, rightRuns] = [one.views[left.view], other.views[right.view]];
    const differenceOver = (group: (replicates: readonly Replicates[]) => Replicates): Replicates => {
      const mean = (runs: ModelReplicates, model: ReportModelInput): Replicates =>
        meanOverSeeds(
          runs.map(group),
          model.runs.map((run) => run.seed),
          this.#options,
        );
      return difference(mean(leftRuns, one.model), mean(rightRuns, other.model));
    };
    const groupDifference = (concepts: ConceptGroup): Comparison["means"]["seen"] =>
      this.#has(concepts) ? estimate(differenceOver((replicates) => meanOverTasks(this.#only(replicates, concepts)))) : null;
    return {
      left,
      right,
      tasks: this.#tasks.map((_, task) => estimate(differenceOver((replicates) => replicates[task] as Replicates))),
      means: { all: estimate(differenceOver(meanOverTasks)), seen: groupDifference("seen"), unseen: groupDifference("unseen") },
    };
  }

  #viewScores(id: string, view: ScoreView): ViewScores {
    const { model, views } = this.#entry(id);
    return this.#summarise(views[view], model.runs.map((run) => run.seed)); // prettier-ignore
  }

  #summarise(runs: ModelReplicates, seeds: readonly number[]): ViewScores {
    const overSeeds = (values: readonly Replicates[]): Replicates => meanOverSeeds(values, seeds, this.#options);
    const groupMean = (values: readonly Replicates[]): SeededEstimate => {
      const perSeed = values.map(({ value }) => value);
      return { ...estimate(overSeeds(values)), perSeed, standardDeviation: standardDeviation(perSeed) };
    };
    const means = (concepts: ConceptGroup): GroupMeans["seen"] =>
      this.#has(concepts) ? groupMean(runs.map((run) => meanOverTasks(this.#only(run, concepts)))) : null;
    return {
      tasks: this.#tasks.map((_, task) => estimate(overSeeds(runs.map((run) => run[task] as Replicates)))),
      means: { all: groupMean(runs.map(meanOverTasks)), seen: means("seen"), unseen: means("unseen") },
    };
  }

  #replicate(pick: (hits: ViewHits) => Uint8Array, { evaluation }: ReportRun): Replicates[] {
    return evaluation.tasks.map(({ hits }, task) => (this.#resamplers[task] as QueryResampler).replicate(pick(hits)));
  }

  #only(replicates: readonly Replicates[], concepts: ConceptGroup): Replicates[] {
    return replicates.filter((_, task) => this.#tasks[task]?.concepts === concepts);
  }

  #has(concepts: ConceptGroup): boolean {
    return this.#tasks.some((task) => task.concepts === concepts);
  }

  #entry(id: string): { readonly model: ReportModelInput; readonly views: Readonly<Record<ScoreView, ModelReplicates>> } {
    const entry = this.#models.get(id);
    if (entry !== undefined) return entry;
    const known = [...this.#models.keys()].join(", ");
    throw new DataError({ message: `there is no model ${JSON.stringify(id)} in the report, only ${known}`, details: { model: id } });
  }

  #checkTasks(model: ReportModelInput, { seed, evaluation }: ReportRun): void {
    const expected = this.#tasks.map(({ name, queries }) => `${name} (${queries})`).join(", ");
    const got = evaluation.tasks.map(({ name, hits }) => `${name} (${hits.aggregate.length})`).join(", ");
    if (got === expected) return;
    const message = `model ${model.id}, seed ${seed}: its tasks (queries) are ${got}; the first model's are ${expected}; evaluate all on the same tasks`;
    throw new DataError({ message, details: { model: model.id, seed, got, expected } });
  }
}

function hitsOfView(hits: ViewHits, view: ScoreView, { singlePath = 0, evaluation }: ReportRun): Uint8Array {
  if (view !== "single") return hits[view];
  const path = hits.paths[singlePath];
  if (path !== undefined) return path;
  const message = `the single path ${singlePath} is none of the model's ${evaluation.pathCount} paths, which count from 0`;
  throw new DataError({ message, details: { got: singlePath, expected: evaluation.pathCount } });
}
