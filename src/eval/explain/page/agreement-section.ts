import { pairChart } from "../../report/charts/pair-chart.ts";
import { html } from "../../report/html.ts";
import { figure, gallery, type Section } from "../../report/sections/parts.ts";
import type { Explanation } from "../explanation.ts";

/** How alike the paths judge. */
export async function agreementSection({ agreement, model }: Explanation): Promise<Section | undefined> {
  if (agreement === null) return undefined;
  const names = [...Array.from({ length: model.pathCount }, (_, path) => `path ${path}`), "aggregate"];
  const draw = { names };
  const figures = await Promise.all([
    figure(pairChart({ id: "same-first", what: "share of queries with the same first candidate", matrix: agreement.sameFirst, ...draw }), "Same candidate first"), // prettier-ignore
    figure(pairChart({ id: "rank-correlation", what: "rank correlation of scores", matrix: agreement.rankCorrelation, ...draw }), "Rank correlation of scores"), // prettier-ignore
    figure(pairChart({ id: "right-together", what: "share of answered queries that both answer", matrix: agreement.rightTogether, ...draw }), "Right together"), // prettier-ignore
  ]);
  const body = html`<p>
      Means over tasks. <b>Same candidate first</b>: the share of queries on which both put the same candidate at the top, right or wrong.
      <b>Rank correlation</b>: Spearman's, of the scores of a query's candidates. <b>Right together</b>: of the queries that at least one of
      the two answers, the share that both do.
    </p>
    ${gallery(figures, "narrow")}`;
  return { id: "agreement", title: "Where paths agree", body };
}
