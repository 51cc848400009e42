import { count } from "../../report/format-number.ts";
import { html } from "../../report/html.ts";
import type { Section } from "../../report/sections/parts.ts";
import type { Explanation } from "../explanation.ts";

/** What was run, and how the numbers were made. */
export function methodSection({ facts, tasks, means, bootstrap }: Explanation): Section {
  const shown = [...facts, { label: "Queries", value: `${count(means.queries)} in ${tasks.length} tasks` }];
  const body = html`<dl class="facts">
      ${shown.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>` /* prettier-ignore */)}
    </dl>
    <ul>
      <li>A query counts as answered if the right candidate scores strictly above all others of its list; ranks count ties against it.</li>
      <li>
        Intervals are 95 % bootstrap intervals: ${count(bootstrap.resamples)} resamples of the queries within each task. Means are over
        tasks, unweighted. Only p-values are corrected for their number.
      </li>
      <li>
        What is told here was chosen with the answers known: use it on queries that no claim is made about, and check choices (a path, a
        weighting) on others.
      </li>
      <li>Every query's ranks, first candidates and weights are in <code>explain.json</code>.</li>
    </ul>`;
  return { id: "method", title: "What was run", body };
}
