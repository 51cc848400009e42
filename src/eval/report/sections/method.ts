import { count, percent } from "../format-number.ts";
import { html } from "../html.ts";
import type { Report } from "../report-types.ts";
import type { Section } from "./parts.ts";

/** What was run, and how the numbers were made. */
export function method(report: Report): Section {
  const { resamples, confidence } = report.bootstrap;
  const facts = report.facts.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`); // prettier-ignore
  const queries = report.tasks.reduce((sum, task) => sum + task.queries, 0);
  const body = html`<dl class="facts">
      ${facts}
      <div>
        <dt>Queries</dt>
        <dd>${count(queries)} in ${count(report.tasks.length)} tasks</dd>
      </div>
    </dl>
    <h3>How to read the numbers</h3>
    <ul>
      <li>
        Every query has its own candidates, with the right one at a random place. It counts as found only if it scores strictly above all
        others, so a model that gives every candidate the same score gets 0.
      </li>
      <li>
        Intervals are ${percent(confidence).replace(".0", "")} % bootstrap intervals: ${count(resamples)} resamples of the queries within
        each task, and of the training seeds where there are several. Differences use the same resamples on both sides.
      </li>
      <li>
        Queries that share a concept are drawn as if they were independent, and a spread over two or three seeds is itself uncertain: real
        intervals are somewhat wider.
      </li>
      <li>
        The more models and tasks are compared, the more intervals leave out 0 by luck: about one in twenty. No interval here is corrected
        for that.
      </li>
      <li>Means are over tasks, unweighted. Everything shown is in <code>report.json</code>.</li>
    </ul>`;
  return { id: "method", title: "What was run, and how to read it", body };
}
