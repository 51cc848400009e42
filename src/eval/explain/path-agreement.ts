import { RankCorrelation } from "../../embed/diversity/rank-correlation.ts";
import { symmetricMatrix } from "../../embed/diversity/path-matrix.ts";
import { present } from "../../errors/families.ts";
import type { RankingTask } from "../ranking-task.ts";
import { isRight, type RowFacts } from "../row-facts.ts";
import type { RowScores } from "../scoring.ts";
import type { Agreement } from "./explanation.ts";

/** Measures how alike paths judge, and the aggregate with them, while a task is scored. */
export class AgreementMeter {
  readonly #correlation: RankCorrelation;
  readonly #size: number;

  constructor(pathCount: number) {
    this.#size = pathCount + 1;
    this.#correlation = new RankCorrelation(this.#size);
  }

  onRow(scores: RowScores): void {
    this.#correlation.add([...scores.paths, scores.aggregate]);
  }

  /** @param rows the facts of the task's rows, whose views are the aggregate, the paths, and others. */
  finish(task: RankingTask, rows: readonly RowFacts[]): Agreement {
    const viewOf = (judge: number): number => (judge === this.#size - 1 ? 0 : judge + 1);
    const share = (
      left: number,
      right: number,
      counts: (facts: RowFacts, row: number, views: [number, number]) => boolean | undefined,
    ): number => {
      const verdicts = rows.flatMap((facts, row) => counts(facts, row, [viewOf(left), viewOf(right)]) ?? []);
      return verdicts.filter(Boolean).length / verdicts.length;
    };
    const first = (facts: RowFacts, row: number, view: number): number | undefined => {
      const place = facts.tops[view]?.[0]?.place;
      const of = present(task.rows[row], "a row");
      return place === undefined || !isRight(of, place) ? place : of.positive;
    };
    return {
      sameFirst: symmetricMatrix(this.#size, (left, right) =>
        share(left, right, (facts, row, [one, other]) => first(facts, row, one) === first(facts, row, other)),
      ),
      rankCorrelation: this.#correlation.mean(),
      rightTogether: symmetricMatrix(this.#size, (left, right) =>
        share(left, right, ({ ranks }, _, [one, other]) => {
          const hits = Number(ranks[one] === 1) + Number(ranks[other] === 1);
          return hits === 0 ? undefined : hits === 2;
        }),
      ),
    };
  }
}
