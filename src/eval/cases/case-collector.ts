import type { TaskWatcher } from "../evaluate.ts";
import type { RankingTask } from "../ranking-task.ts";
import { FactsCollector } from "../row-facts.ts";
import type { RowScores, TaskEmbeddings } from "../scoring.ts";
import { describeCase, type ItemDescriber, type ScoredTask } from "./describe-case.ts";
import { CASE_LIMITS, pickCases, type CaseLimits } from "./pick-cases.ts";
import type { TaskCases } from "./query-case.ts";

/** Picks the cases of tasks while they are scored. */
export class CaseCollector<Task extends RankingTask> {
  readonly tasks: TaskCases[] = [];
  readonly #describe: (task: Task) => ItemDescriber;
  readonly #limits: CaseLimits;

  constructor(describe: (task: Task) => ItemDescriber, limits: CaseLimits = CASE_LIMITS) {
    this.#describe = describe;
    this.#limits = limits;
  }

  /** A watcher for `evaluateModel` and its like. */
  readonly watch = (task: Task, embeddings: TaskEmbeddings): TaskWatcher => {
    const facts = new FactsCollector(task, embeddings.queries.pathCount);
    return {
      onRow: (row: number, scores: RowScores) => facts.onRow(row, scores),
      finish: () => {
        const scored = { task, embeddings, views: facts.views, rows: facts.rows };
        this.tasks.push(casesOf(scored, this.#describe(task), this.#limits));
      },
    };
  };
}

/** The cases of a task that was scored. */
export function casesOf(scored: ScoredTask, items: ItemDescriber, limits: CaseLimits = CASE_LIMITS): TaskCases {
  const picked = pickCases(scored.task, scored, limits);
  return { task: scored.task.name, cases: picked.map((each) => describeCase(each, scored, items)) };
}
