import { html, trustedHtml, type Html } from "./html.ts";
import type { Report } from "./report-types.ts";
import { costs } from "./sections/costs.ts";
import { learning } from "./sections/learning.ts";
import { method } from "./sections/method.ts";
import { models } from "./sections/models.ts";
import { overview } from "./sections/overview.ts";
import type { Section } from "./sections/parts.ts";
import { paths } from "./sections/paths.ts";
import { searches } from "./sections/searches.ts";
import { tasks } from "./sections/tasks.ts";
import { STYLES } from "./styles.ts";

/**
 * The report as one HTML page that needs nothing beside itself: no script, no network, pictures and plots inside. Names and texts
 * are escaped, and the page's own policy forbids loading anything, so that a report can be opened from anyone's disk.
 */
export async function renderReport(report: Report): Promise<string> {
  const sections = [
    overview(report),
    await tasks(report),
    await models(report),
    await learning(report),
    await paths(report),
    await costs(report),
    searches(report),
    method(report),
  ].filter((section) => section !== undefined);
  return page(report, sections).markup;
}

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

function page(report: Report, sections: readonly Section[]): Html {
  const day = report.createdAt.slice(0, 16).replace("T", " ");
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content="Polyvec" />
        <title>${report.title}</title>
        <style>
          ${trustedHtml(STYLES)}
        </style>
      </head>
      <body>
        <div class="top">
          <h1>${report.title}</h1>
          <p class="date"><time datetime="${report.createdAt}">${day} UTC</time></p>
          ${report.notice !== null && html`<p class="notice" role="note">${report.notice}</p>`}
          <nav aria-label="Contents">
            <ul>
              ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
            </ul>
          </nav>
        </div>
        <main>
          ${sections.map(
            ({ id, title, body }) =>
              html`<section id="${id}" aria-labelledby="${id}-title">
                <h2 id="${id}-title">${title}</h2>
                ${body}
              </section>`,
          )}
        </main>
        <footer>Made by Polyvec. This file holds everything it shows and loads nothing.</footer>
      </body>
    </html> `;
}
