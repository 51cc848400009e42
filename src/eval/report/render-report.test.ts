import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { madeUpReportInput } from "../../../test/fixtures/eval/made-up-report.ts";
import { buildReport } from "./build-report.ts";
import { html, trustedHtml } from "./html.ts";
import { renderReport } from "./render-report.ts";
import type { Report } from "./report-types.ts";
import { formatResultMarkdown, formatResultTable } from "./text-table.ts";
import { readReport, writeReport } from "./write-report.ts";

const HOSTILE = `<script>alert("1")</script> & 'x' | <img src=x onerror=y>`;

describe("html", () => {
  test("escapes text and attributes, keeps HTML, joins lists and shows nothing for nothing", () => {
    const name = `<b a="1" b='2'>&`;
    expect(html`<p title="${name}">${name}</p>`.markup).toBe(
      '<p title="&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;">&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;</p>',
    );
    expect(html`${[html`<i>a</i>`, "<", 0]}${null}${undefined}${false}${trustedHtml("<br>")}`.markup).toBe("<i>a</i>&lt;0<br>");
  });
});

describe("report.html", () => {
  let report: Report;
  let page: string;
  beforeAll(async () => {
    report = buildReport(madeUpReportInput());
    page = await renderReport(report);
  });

  test("is one file that runs nothing and loads nothing", () => {
    expect(page).not.toMatch(/<script|<link|<iframe|<object|@import|javascript:|\son[a-z]+=/i);
    const addresses = [...page.matchAll(/(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)/gi)].map(([, address]) => address ?? "");
    for (const address of addresses) expect(address).toMatch(/^(#|data:image\/png;base64,)/);
    const hosts = [...page.matchAll(/https?:\/\/[^"'\s<]+/g)].map(([host]) => host);
    expect(new Set(hosts)).toEqual(new Set(["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"]));
    expect(page.includes("default-src &#39;none&#39;")).toBe(true);
  });
  test("names every plot and gives no id twice", () => {
    const plots = [...page.matchAll(/<svg [^>]*role="img"[^>]*>/g)].map(([tag]) => tag);
    expect(plots.length).toBeGreaterThanOrEqual(14);
    for (const plot of plots) expect(plot).toMatch(/aria-label="[^"]{20,}"/);
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
  test("has every section, figure and table", () => {
    for (const id of ["findings", "tasks", "models", "learning", "paths", "cost", "searches", "method"])
      expect(page).toContain(`<section id="${id}"`);
    for (const caption of [
      "Training loss",
      "P@1 in percent by path and task",
      "Rank correlation of scores",
      "Centred cosine",
      "Linear CKA",
      "Embedding, per input",
    ])
      expect(page).toContain(caption);
    expect(page.match(/<table>/g)?.length).toBe(6);
    expect(page).toContain("made up");
    expect(page).not.toMatch(/NaN|undefined|\[object|Infinity/);
  });
  test("escapes whatever a user can name", async () => {
    const renamed: Report = {
      ...report,
      title: HOSTILE,
      notice: HOSTILE,
      facts: [{ label: HOSTILE, value: HOSTILE }],
      tasks: report.tasks.map((task) =>
        Object.assign({}, task, { name: HOSTILE, family: HOSTILE, vendor: HOSTILE, baselines: [{ name: HOSTILE, score: 0.1 }] }),
      ),
      models: report.models.map((model) => Object.assign({}, model, { name: HOSTILE, description: HOSTILE })),
      searches: report.searches.map((search) =>
        Object.assign({}, search, {
          text: HOSTILE,
          instruction: HOSTILE,
          hits: [{ label: HOSTILE, detail: HOSTILE, score: 1, image: null, correct: null }],
        }),
      ),
    };
    const hostile = await renderReport(renamed);
    expect(hostile).not.toMatch(/<script|<img src=x/i);
    expect(hostile).toContain("&lt;script&gt;");
  });
  test("of one single-path model without curves, costs or searches is whole too", async () => {
    const input = madeUpReportInput();
    const runs = (input.models[0]?.runs ?? []).map(({ seed, evaluation }) => ({ seed, evaluation }));
    const alone = { id: "ssc", name: "SSC", role: "main" as const, runs: runs.slice(0, 1) };
    const small = buildReport({
      title: "one",
      createdAt: new Date(0),
      models: [alone],
      reference: "ssc",
      main: "ssc",
      bootstrap: { resamples: 1000 },
    });
    const text = await renderReport(small);
    expect(text).toContain('<section id="tasks"');
    expect(text).not.toMatch(/<section id="(models|learning|paths|searches)"|NaN|undefined/);
    expect(formatResultTable(small)).not.toMatch(/NaN|undefined|Training/);
  });
  test("is written beside report.json, which reads back", async () => {
    const folder = await mkdtemp(join(tmpdir(), "polyvec-report-"));
    const files = await writeReport(folder, report);
    expect(await readReport(files.json)).toEqual(report);
    expect(await readFile(files.html, "utf8")).toBe(page);
    const broken = {
      ...report,
      curves: [{ model: "ssc", seed: 0, points: [{ step: Number.NaN, loss: 1, precision: null, pathPrecisions: null }] }],
    };
    await expect(writeReport(folder, broken)).rejects.toMatchObject({ code: "data" });
    await rm(folder, { recursive: true });
  });
});

describe("the table in text", () => {
  const report = buildReport(madeUpReportInput());

  test.each([60, 80, 100, 120])("keeps within %i characters", (columns) => {
    const lines = formatResultTable(report, { columns }).split("\n");
    for (const line of lines.filter((text) => !text.startsWith("±"))) expect(line.length).toBeLessThanOrEqual(columns);
    expect(lines[0]).toContain("SSC");
    expect(lines.some((line) => /^Mean +\d\d\.\d/.test(line))).toBe(true);
  });
  test("has tasks, means, differences and costs", () => {
    const labels = formatResultTable(report, { columns: 120 }).split("\n").map((line) => line.slice(0, 28).trim()); // prettier-ignore
    for (const label of [
      "text to image, unseen",
      "Mean, seen concepts",
      "Mean, unseen concepts",
      "Mean",
      "Mean minus SSC, points",
      "Training",
      "Training computation",
      "Embedding, per input",
      "Vectors, per input",
    ])
      expect(labels).toContain(label);
    expect(formatResultTable(report, { columns: 120 })).toMatch(/Vectors, per input +1 +1 +1 +4/);
  });
  test("shortens its heads, all alike, where the model's name is long", () => {
    const models = report.models.map((model) => Object.assign({}, model, { name: model.id === "pdf" ? "a long name" : model.name }));
    expect(formatResultTable({ ...report, models }, { columns: 80 }).split("\n")[0]).toMatch(/SSC +single path +aggregate +all paths$/);
    expect(formatResultTable({ ...report, models }, { columns: 140 }).split("\n")[0]).toMatch(/a long name single +a long name aggregate/);
  });
  test("leaves out what nobody measured", () => {
    const models = report.models.map((model) => Object.assign({}, model, { cost: { ...model.cost, trainingFlops: null } }));
    expect(formatResultTable({ ...report, models })).not.toContain("Training computation");
  });
  test("is Markdown whose cells cannot break the table", () => {
    const models = report.models.map((model) => Object.assign({}, model, { name: "a|b*<c>\nd" }));
    const [head, rule, first] = formatResultMarkdown({ ...report, models }).split("\n");
    expect(head).toBe(
      String.raw`| Precision at 1, % | a\|b\*\<c\> d | a\|b\*\<c\> d single | a\|b\*\<c\> d aggregate | a\|b\*\<c\> d all |`,
    );
    expect(rule).toBe("| --- | ---: | ---: | ---: | ---: |");
    expect(first).toMatch(/^\| image to image, seen \| 43\.8 ±/);
  });
});
