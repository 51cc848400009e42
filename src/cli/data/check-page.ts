import { breaksTraining, type Findings, type PairReport } from "../../data/pairs/check/check-pairs.ts";
import { html, trustedHtml, type Html } from "../../eval/report/html.ts";
import { renderChart } from "../../eval/report/charts/render-chart.ts";
import { STYLES } from "../../eval/report/styles.ts";
import { lengthChart } from "./length-chart.ts";

/** The page of a check: each dataset with its counts, its problems and the lengths of its sides as pictures. */
export async function checkPage(path: string, reports: readonly PairReport[]): Promise<string> {
  const sections: Html[] = [];
  for (const [place, report] of reports.entries()) sections.push(await section(report, place));
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Check of ${path}</title>
        <style>
          ${trustedHtml(STYLES)}
        </style>
      </head>
      <body>
        <header class="top">
          <h1>Training data</h1>
          <p>${path}</p>
        </header>
        <main>${sections}</main>
      </body>
    </html>`;
  return `${page.markup}\n`;
}

async function section(report: PairReport, place: number): Promise<Html> {
  const { unit, ...sides } = report.lengths;
  const figures: Html[] = [];
  for (const [side, summary] of Object.entries(sides)) {
    if (summary === undefined) continue;
    const chart = await renderChart(lengthChart(summary, { id: `lengths-${place}-${side}`, unit }));
    const { median, most, longest } = summary;
    figures.push(
      html`<h3>${SIDES[side] ?? side}</h3>
        ${chart}
        <p>median ${median} ${unit}, 95 of 100 at most ${most}, longest ${longest}</p>`,
    );
  }
  const verdict = breaksTraining(report) ? "A training would not get through." : "A training can use it.";
  return html`<section>
    <h2>${report.name}</h2>
    <p>
      ${verdict} ${report.rows} rows, ${report.usable} of them used; ${report.images} images, ${report.hardNegatives} hard negatives,
      ${report.duplicates.count} duplicates, ${report.sharedPositives} rows whose positive is another's too.
    </p>
    ${list("Rows that cannot be read", report.wrong)} ${list("Images that are missing", report.missingImages)}
    ${list("Empty rows, which are left out", report.empty)} ${list("Duplicates", report.duplicates)} ${figures}
  </section>`;
}

const SIDES: Readonly<Record<string, string>> = { query: "Queries", positive: "Positives", hardNegative: "Hard negatives" };

function list(title: string, { count, examples }: Findings): Html | undefined {
  if (count === 0) return undefined;
  return html`<h3>${title}: ${count}</h3>
    <ul>
      ${examples.map(({ row, what }) => html`<li>row ${row}: ${what}</li>`)}
    </ul>`;
}
