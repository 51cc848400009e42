import { present } from "../../errors/families.ts";
import { casesOf } from "../cases/case-collector.ts";
import type { ItemDescriber } from "../cases/describe-case.ts";
import type { CaseItem, TaskCases } from "../cases/query-case.ts";
import type { TaskWatcher } from "../evaluate.ts";
import { chancePrecision, type EvaluableTask, type RankingRow } from "../ranking-task.ts";
import { fit } from "../report/charts/layout.ts";
import { FactsCollector, type RowFacts } from "../row-facts.ts";
import type { TaskEmbeddings } from "../scoring.ts";
import type { ScoredView } from "../views.ts";
import type { ExplainedQuery, ExplainedTask, WeightSpread } from "./explanation.ts";
import { AgreementMeter } from "./path-agreement.ts";
import { classify } from "./query-class.ts";
import { weightsOf, weightSpread } from "./weight-spread.ts";

/** What a task's scoring showed, before anything is resampled. */
export interface TaskFindings extends Omit<ExplainedTask, "summary" | "weights"> {
  readonly views: readonly ScoredView[];
  readonly pathCount: number;
  /** null for one path. */
  readonly spread: { readonly queries: WeightSpread; readonly candidates: WeightSpread } | null;
  readonly cases: TaskCases;
}

/** What is kept of each query. */
export interface ExplainCollectorOptions {
  /** Candidates of each view; 3 if not given. */
  readonly top?: number | undefined;
}

/** Looks at tasks while they are scored, and keeps what an explanation is made of. */
export class ExplainCollector<Task extends EvaluableTask<unknown>> {
  readonly tasks: TaskFindings[] = [];
  readonly #describe: (task: Task) => ItemDescriber;
  readonly #options: ExplainCollectorOptions;

  constructor(describe: (task: Task) => ItemDescriber, options: ExplainCollectorOptions = {}) {
    this.#describe = describe;
    this.#options = options;
  }

  /** A watcher for `evaluateModel` and its like. */
  readonly watch = (task: Task, embeddings: TaskEmbeddings): TaskWatcher => {
    const { pathCount } = embeddings.queries;
    const facts = new FactsCollector(task, pathCount, this.#options);
    const meter = new AgreementMeter(pathCount);
    return {
      onRow(row, scores) {
        facts.onRow(row, scores);
        if (pathCount > 1) meter.onRow(scores);
      },
      finish: () => {
        const { views, rows } = facts;
        const scored = { task, embeddings, views, rows };
        const items = this.#describe(task);
        const weights = pathCount === 1 ? null : { queries: weightsOf(embeddings.queries), candidates: weightsOf(embeddings.candidates) };
        this.tasks.push({
          name: task.name,
          family: task.family,
          candidates: task.rows.reduce((sum, row) => sum + row.candidates.length, 0) / task.rows.length,
          chance: chancePrecision(task),
          views,
          pathCount,
          agreement: pathCount === 1 ? null : meter.finish(task, rows),
          spread: weights === null ? null : { queries: weightSpread(weights.queries), candidates: weightSpread(weights.candidates) },
          queries: rows.map((each, row) => explainQuery(each, { task, row, views, items, weights: weights?.queries ?? [] })),
          candidateNames: candidateNames(task, rows, items),
          cases: casesOf(scored, items),
        });
      },
    };
  };
}

interface QueryContext {
  readonly task: EvaluableTask<unknown>;
  readonly row: number;
  readonly views: readonly ScoredView[];
  readonly items: ItemDescriber;
  readonly weights: readonly (readonly number[] | null)[];
}

function explainQuery({ ranks, tops }: RowFacts, { task, row: index, views, items, weights }: QueryContext): ExplainedQuery {
  const row = present(task.rows[index], "a row");
  const paths = [...views.keys()].filter((view) => views[view]?.startsWith("path ") === true);
  const right = paths.length === 0 ? [ranks[0] === 1] : paths.map((view) => ranks[view] === 1);
  return {
    row: items.rowNumber?.(index) ?? index,
    query: nameOf(items.query(row.query)),
    answer: row.candidates[row.positive] as number,
    label: task.labels?.[index] ?? null,
    class: classify(right),
    ranks,
    tops: tops.map((top) => top.map(({ place, score }) => [row.candidates[place] as number, Number(score.toFixed(6))] as const)),
    weights: weights[row.query] ?? null,
  };
}

/** The names of all candidates that a query of the task names. */
function candidateNames(task: EvaluableTask<unknown>, rows: readonly RowFacts[], items: ItemDescriber): Record<string, string> {
  const named = rows.flatMap(({ tops }, index) => {
    const row = present(task.rows[index], "a row");
    return [row.positive, ...tops.flat().map(({ place }) => place)].map((place) => candidateOf(row, place));
  });
  return Object.fromEntries(
    [...new Set(named)].toSorted((left, right) => left - right).map((place) => [place, nameOf(items.candidate(place))]),
  );
}

function candidateOf({ candidates }: RankingRow, place: number): number {
  return candidates[place] as number;
}

const MOST_LETTERS = 120;

/** What an item is, on one line. */
function nameOf({ name, text, image, instruction }: CaseItem): string {
  const words = name ?? [text, image].filter((part) => part !== null).join(" · ");
  return fit((words === "" ? (instruction ?? "") : words).replaceAll(/\s+/g, " ").trim(), MOST_LETTERS);
}
