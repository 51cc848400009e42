import { createHash } from "node:crypto";
import { html, trustedHtml } from "../../eval/report/html.ts";
import { FIRST_MODULE } from "./page-files.ts";

/** Where the page's modules find what is not theirs; the policy names it by its sum. */
const IMPORTS = JSON.stringify({ imports: { uplot: "/page/uplot.js" } });
const IMPORT_MAP = trustedHtml(`<script type="importmap">${IMPORTS}</script>`);

/** What the page may load and do: its own files and the stream of events, nothing from elsewhere, no script in the page but the map of imports. */
export const PAGE_POLICY: Readonly<Record<string, readonly string[]>> = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'", `'sha256-${createHash("sha256").update(IMPORTS).digest("base64")}'`],
  styleSrc: ["'self'"],
  connectSrc: ["'self'"],
  imgSrc: ["data:"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
  requireTrustedTypesFor: ["'script'"],
};

/** The page, empty: its modules fill it with what they are told. */
export const PAGE_HTML: string = html`<!doctype html>
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>Polyvec training</title>
      <link rel="icon" href="data:," />
      <link rel="stylesheet" href="/page/page.css" />
      ${IMPORT_MAP}
      <script type="module" src="/page/${FIRST_MODULE}"></script>
    </head>
    <body>
      <header class="top">
        <h1 id="title">Training</h1>
        <p id="connection" class="connection" role="status">connecting</p>
      </header>
      <main>
        <noscript><p class="notice">The page needs JavaScript: the curves are drawn here, from what the run writes.</p></noscript>
        <div id="notices" role="alert"></div>
        <section id="overview" aria-label="Where it stands"></section>
        <form id="controls" class="controls" aria-label="How the curves are drawn"></form>
        <p id="announcement" class="unseen" role="status"></p>
        <div id="charts"></div>
        <section id="warnings" aria-labelledby="warnings-title" hidden>
          <h2 id="warnings-title">Warnings and changes</h2>
          <ul class="findings"></ul>
        </section>
        <section id="recipes" aria-labelledby="recipes-title" hidden>
          <h2 id="recipes-title">Recipe</h2>
        </section>
      </main>
      <footer>The page reads the run's files. Nothing on it changes the run, and closing it costs nothing.</footer>
    </body>
  </html> `.markup;
