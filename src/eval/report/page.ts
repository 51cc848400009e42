import { html, trustedHtml } from "./html.ts";
import type { Section } from "./sections/parts.ts";
import { STYLES } from "./styles.ts";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** What stands at the top of a page. */
export interface PageHead {
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** What a reader must know first; null if there is nothing. */
  readonly notice: string | null;
}

/** A page that needs nothing beside itself and may load nothing, with its table of contents. */
export function renderPage({ title, createdAt, notice }: PageHead, sections: readonly Section[]): string {
  const day = createdAt.slice(0, 16).replace("T", " ");
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content="Polyvec" />
        <title>${title}</title>
        <style>
          ${trustedHtml(STYLES)}
        </style>
      </head>
      <body>
        <div class="top">
          <h1>${title}</h1>
          <p class="date"><time datetime="${createdAt}">${day} UTC</time></p>
          ${notice !== null && html`<p class="notice" role="note">${notice}</p>`}
          <nav aria-label="Contents">
            <ul>
              ${sections.map((section) => html`<li><a href="#${section.id}">${section.title}</a></li>`)}
            </ul>
          </nav>
        </div>
        <main>
          ${sections.map(
            (section) =>
              html`<section id="${section.id}" aria-labelledby="${section.id}-title">
                <h2 id="${section.id}-title">${section.title}</h2>
                ${section.body}
              </section>`,
          )}
        </main>
        <footer>Made by Polyvec. This file holds everything it shows and loads nothing.</footer>
      </body>
    </html> `.markup;
}
