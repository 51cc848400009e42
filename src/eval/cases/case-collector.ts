import type { TaskWatcher } from "../evaluate.ts";
import type { RankingTask } from "../ranking-task.ts";
import { FactsCollector } from "../row-facts.ts";
import type { RowScores, TaskEmbeddings } from "../scoring.ts";
import { describeCase, type ItemDescriber, type ScoredTask } from "./describe-case.ts";
import { pickCases } from "./pick-cases.ts";
import type { TaskCases } from "./query-case.ts";

/** Picks the cases of tasks while they are scored. */
export class CaseCollector<Task extends RankingTask> {
  readonly tasks: TaskCases[] = [];
  readonly #describe: (task: Task) => ItemDescriber;

  constructor(describe: (task: Task) => ItemDescriber) {
    this.#describe = describe;
  }

  /** A watcher for `evaluateModel` and its like. */
  readonly watch = (task: Task, embeddings: TaskEmbeddings): TaskWatcher => {
    const facts = new FactsCollector(task, embeddings.queries.pathCount);
    return {
      onRow: (row: number, scores: RowScores) => facts.onRow(row, scores),
      finish: () => void this.tasks.push(casesOf({ task, embeddings, views: facts.views, rows: facts.rows }, this.#describe(task))),
    };
  };
}

/** The cases of a task that was scored. */
export function casesOf(scored: ScoredTask, items: ItemDescriber): TaskCases {
  const picked = pickCases(scored.task, scored);
  return { task: scored.task.name, cases: picked.map((each) => describeCase(each, scored, items)) };
}
