import { invariant } from "../errors/families.ts";
import type { RankingTask } from "./ranking-task.ts";
import { anyHit, checkTaskEmbeddings, isHit, scoreRow, type TaskEmbeddings, type ViewHits } from "./scoring.ts";

/**
 * Scores a task by the summed aggregate scores of several models: what N separately trained single-path models reach together,
 * the yardstick for one model with N paths. The members stand in the place of paths; their dimensions may differ.
 * MaxSim equals the sum, for vectors of different models cannot be compared.
 * @throws {ShapeError} @throws {DataError} as {@link checkTaskEmbeddings}.
 */
export function scoreEnsemble(task: RankingTask, members: readonly TaskEmbeddings[]): ViewHits {
  invariant(members.length > 0, "an ensemble has at least one member");
  for (const member of members) checkTaskEmbeddings(task, member);
  const paths = members.map(() => new Uint8Array(task.rows.length));
  const sum = Uint8Array.from(task.rows, (row, index) => {
    const memberScores = members.map((member) => scoreRow(row, member).aggregate);
    memberScores.forEach((scores, which) => ((paths[which] as Uint8Array)[index] = Number(isHit(scores, row))));
    return Number(isHit(addUp(memberScores), row));
  });
  return { aggregate: sum, paths, all: sum, maxSim: sum, oracle: anyHit(paths, task.rows.length) };
}

function addUp(lists: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(lists[0]?.length ?? 0);
  for (const scores of lists) scores.forEach((score, place) => (total[place] = (total[place] as number) + score));
  return total;
}
