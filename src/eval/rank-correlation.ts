import type { RankCorrelation } from "../embed/diversity/rank-correlation.ts";
import type { RankingTask } from "./ranking-task.ts";
import { checkTaskEmbeddings, scoreRow, type TaskEmbeddings } from "./scoring.ts";

/** Adds every row of a task to a rank correlation between paths. @throws {ShapeError} @throws {DataError} as `scoreTask`. */
export function correlateTask(correlation: RankCorrelation, task: RankingTask, embeddings: TaskEmbeddings): void {
  checkTaskEmbeddings(task, embeddings);
  for (const row of task.rows) correlation.add(scoreRow(row, embeddings).paths);
}
