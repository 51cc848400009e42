import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { formatNumber } from "../../src/dashboard/page/format.ts";
import { serveDashboard, type Dashboard, type DashboardOptions } from "../../src/dashboard/serve-dashboard.ts";
import { findBrowser } from "../support/find-browser.ts";
import { EXAMPLE_WORDS, writeExamples, writeRecipe } from "../support/training/recipe-file.ts";
import { saveTinyBase } from "../support/training/tiny-run.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const executablePath = findBrowser();
const STEPS = 60;

describe.skipIf(executablePath === undefined)("the live page in a browser", () => {
  let [root, recipe] = ["", ""];
  let browser: Browser;
  let dashboard: Dashboard;
  let options: DashboardOptions;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "polyvec-live-"));
    const repository = fileURLToPath(new URL("../../", import.meta.url));
    const tsc = join(repository, "node_modules", ".bin", "tsc");
    await promisify(execFile)(tsc, ["-p", join(repository, "tsconfig.page.json"), "--outDir", root]);
    await saveTinyBase(root);
    await writeExamples(
      root,
      EXAMPLE_WORDS.map((text) => ({ query: { text }, positive: { text: `${text} too` } })),
    );
    recipe = await writeRecipe(root, "<img src=x onerror=alert(1)>", { steps: STEPS, checkpointEverySteps: 5, diversityEverySteps: 5 });
    options = { folders: [join(root, "runs")], port: 0, interval: 100, pageFolder: join(root, "dashboard", "page") };
    dashboard = await serveDashboard(options);
    browser = await chromium.launch({ executablePath: executablePath as string });
  });
  afterAll(async () => {
    await browser.close();
    await dashboard.dispose();
    await rm(root, { recursive: true, force: true });
  });

  /** Trains in a process of its own. @param killAt the step at which it is killed. */
  async function train(run: string, { resume = false, killAt = Infinity } = {}): Promise<void> {
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    const args = ["train", recipe, "--out", join(root, "runs", run), "--threads", "1", "--json", ...(resume ? ["--resume"] : [])];
    const child = spawn(process.execPath, ["--import", "tsx", main, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    for await (const line of createInterface({ input: child.stdout })) {
      if (((JSON.parse(line) as { step?: number }).step ?? 0) >= killAt) child.kill("SIGKILL");
    }
    await ended;
  }

  /** A page, and what went wrong on it. */
  async function openPage(colorScheme: "light" | "dark" = "light"): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage({ colorScheme });
    page.setDefaultTimeout(100_000);
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("ERR_CONNECTION_REFUSED")) problems.push(message.text());
    });
    page.on("dialog", (dialog) => problems.push(dialog.message()));
    await page.goto(dashboard.url);
    return { page, problems };
  }

  /** A chart's values as its keys tell them, step by step. */
  async function readChart(page: Page, id: string): Promise<[place: string, value: string][]> {
    const chart = page.locator(`#chart-${id}`);
    const rows: [string, string][] = [];
    await chart.locator(".plot").press("Home");
    for (;;) {
      const row: [string, string] = [await chart.locator(".place").innerText(), await chart.locator(".value").first().innerText()];
      if (row[0] === rows.at(-1)?.[0]) return rows;
      rows.push(row);
      await chart.locator(".plot").press("ArrowRight");
    }
  }

  async function loggedLosses(run: string): Promise<[place: string, value: string][]> {
    const lines = (await readFile(join(root, "runs", run, "metrics.jsonl"), "utf8")).trim().split("\n");
    const rows = lines.map((line) => JSON.parse(line) as { type: string; step: number; loss: number });
    return rows.filter(({ type }) => type === "step").map(({ step, loss }) => [`step ${step}`, formatNumber(loss)]);
  }

  test("curves are whole when a run is killed and resumed, and when the page's server is another", async () => {
    const { page, problems } = await openPage();
    const state = page.locator(".badge");
    await page.getByText("no run yet").waitFor();
    await page.getByLabel("smoothing").fill("0");
    await train("one", { killAt: 12 });
    await state.getByText("stopped").waitFor();
    expect(await readChart(page, "loss")).toEqual(await loggedLosses("one"));
    const resumed = train("one", { resume: true });
    await state.getByText("running").waitFor();
    await dashboard.dispose();
    await page.getByText("the page's server has ended").waitFor();
    dashboard = await serveDashboard({ ...options, port: Number(new URL(dashboard.url).port) });
    await resumed;
    await state.getByText("finished").waitFor();
    const losses = await loggedLosses("one");
    expect(losses.map(([place]) => place)).toEqual(Array.from({ length: STEPS }, (_, step) => `step ${step + 1}`));
    await vi.waitFor(async () => expect(await readChart(page, "loss")).toEqual(losses), { timeout: 60_000, interval: 500 });
    expect(await page.locator("#announcement").textContent()).toMatch(/^step 60: total \S+, aggregate \S+, between paths, weighted \S+$/);
    expect(await page.getByLabel("smoothing").inputValue()).toBe("0");
    expect(problems).toEqual([]);
    await page.close();
  });

  test("several runs are laid over each other; what is chosen is kept; what a run says is text", async () => {
    await cp(join(root, "runs", "one"), join(root, "runs", "two"), { recursive: true });
    const { page, problems } = await openPage("dark");
    const legend = page.locator("#chart-loss .legend button");
    await legend.getByText("two: total").waitFor();
    expect(await page.locator("#overview tbody tr").count()).toBe(2);
    expect(await legend.count()).toBe(6);
    await page.getByRole("checkbox", { name: "one" }).uncheck();
    await expect.poll(() => legend.count()).toBe(3);
    await legend.getByText("two: aggregate").click();
    await page.getByLabel("logarithmic").check();
    await page.getByLabel("over").selectOption("hours of training");
    await page.getByText("config.json of two").click();
    expect(await page.locator("#recipes pre:visible").innerText()).toContain('"name": "<img src=x onerror=alert(1)>"');
    await page.reload();
    await legend.getByText("two: total").waitFor();
    expect(await legend.getByText("two: aggregate").locator("..").getAttribute("aria-pressed")).toBe("false");
    expect(await page.getByLabel("logarithmic").isChecked()).toBe(true);
    expect((await readChart(page, "loss"))[0]?.[0]).toMatch(/^after [\d.]+ s$/);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("a part can be looked at, and the whole again", async () => {
    const { page } = await openPage();
    const over = page.locator("#chart-path-losses .u-over");
    await over.waitFor();
    const box = (await over.boundingBox()) as { x: number; y: number; width: number; height: number };
    await page.mouse.move(box.x + box.width / 2, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 5, box.y + 60, { steps: 4 });
    await page.mouse.up();
    const whole = page.getByRole("button", { name: "whole run" });
    await expect.poll(() => whole.isEnabled()).toBe(true);
    expect(Number((await readChart(page, "loss"))[0]?.[0].slice(5))).toBeGreaterThan(STEPS / 3);
    await whole.click();
    await expect.poll(async () => (await readChart(page, "loss"))[0]?.[0]).toBe("step 1");
    await page.close();
  });
});
