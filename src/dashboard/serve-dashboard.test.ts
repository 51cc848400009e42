import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { HttpError } from "../errors/families.ts";
import { serveDashboard, type Dashboard, type DashboardOptions } from "./serve-dashboard.ts";
import { startDashboard } from "./start-dashboard.ts";

const onFailure = (reason: string): void => expect.fail(reason);

let root = "";
let dashboard: Dashboard;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-serve-"));
  await mkdir(join(root, "page"));
  await writeFile(join(root, "page", "main.js"), "export {};");
  await writeFile(join(root, "secret.js"), "secret");
  await mkdir(join(root, "run"));
  await writeFile(join(root, "run", "metrics.jsonl"), '{"type":"step","step":1,"task":"</script><script>alert(1)</script>"}\n');
  dashboard = await serveDashboard({ folders: [join(root, "run")], port: 0, interval: 20, pageFolder: join(root, "page") });
});
afterAll(async () => {
  await dashboard.dispose();
  await rm(root, { recursive: true, force: true });
});

/** A request as it is, without a client that mends paths or sets headers. */
async function ask(path: string, { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {}) {
  const { hostname, port } = new URL(dashboard.url);
  const sent = request({ hostname, port, path, method, headers });
  sent.end();
  const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

describe("the page's server", () => {
  test("gives the page and its files, and says what the page may do", async () => {
    const page = await ask("/");
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=UTF-8"]);
    expect(page.body).toContain('<script type="module" src="/page/main.js">');
    expect(page.headers["content-security-policy"]).toMatch(
      /^default-src 'none'; script-src 'self' 'sha256-[^']+'; style-src 'self'; connect-src 'self';/,
    );
    expect(page.headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "DENY", "cache-control": "no-store" });
    for (const [name, type, part] of [
      ["main.js", "text/javascript", "export"],
      ["uplot.js", "text/javascript", "uPlot"],
      ["page.css", "text/css", ".u-over"],
    ] as const) {
      const file = await ask(`/page/${name}`);
      expect([name, file.status, file.headers["content-type"], file.body.includes(part)]).toEqual([
        name,
        200,
        `${type}; charset=utf-8`,
        true,
      ]);
    }
  });

  test.each([
    "/page/../secret.js",
    "/page/..%2fsecret.js",
    "/page/%2e%2e/secret.js",
    "/page/none.js",
    "/page/",
    "/../../etc/passwd",
    "/run/metrics.jsonl",
  ])("gives nothing else: %s", async (path) => expect((await ask(path)).status).toBe(404));

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("does not answer %s", async (method) =>
    expect(await ask("/", { method })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } }),
  );

  test("does not answer who knows it by a strange name, nor lets pages from elsewhere listen", async () => {
    for (const path of ["/", "/events", "/page/main.js"]) {
      const foreign = await ask(path, { headers: { host: "evil.example" } });
      expect([foreign.status, foreign.body]).toEqual([421, expect.stringContaining("--host")]);
    }
    expect((await ask("/events", { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
  });

  test("streams what happens, and ends with a last word", async () => {
    const own = await serveDashboard({ folders: [join(root, "run")], port: 0, interval: 20 });
    const response = await fetch(`${own.url}events`);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const all = response.text();
    await own.dispose();
    await own.dispose();
    const text = await all;
    expect(text).toMatch(/^event: hello\n[^]*event: rows\n[^]*event: ready\n[^]*event: bye\n/);
    expect(text).toContain(String.raw`"task":"</script><script>alert(1)</script>"`);
    expect(await thrownBy(() => fetch(own.url))).toBeInstanceOf(TypeError);
  });

  test("says how to build the page where it is not built", async () => {
    await using bare = await serveDashboard({ folders: [], port: 0, pageFolder: join(root, "none") });
    const response = await fetch(bare.url);
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining("npm run build")]);
  });
});

describe("a port that cannot be had", () => {
  test.each([
    ["beside the caller", serveDashboard],
    ["in a thread of its own", (options: DashboardOptions) => startDashboard({ ...options, onFailure })],
  ] as const)("%s is an error with the way out", async (_, open) => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const error = await thrownBy(() => open({ folders: [], port }));
    other.close();
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({
      message: `the page cannot be opened on 127.0.0.1, port ${port}: another program listens there. Name another port, or 0 for any free one`,
      details: { host: "127.0.0.1", port, errno: "EADDRINUSE" },
    });
  });

  test("nor an address that is none of this machine", async () => {
    const error = await thrownBy(() => serveDashboard({ folders: [], port: 0, host: "203.0.113.1" }));
    expect(error).toMatchObject({ message: expect.stringMatching(/no such address.*127\.0\.0\.1/) as unknown });
  });
});

test("in a thread of its own it answers while the process is busy", async () => {
  const page = await startDashboard({ folders: [join(root, "run")], port: 0, interval: 20, onFailure });
  const answer = fetch(`${page.url}events`).then((response) => response.text());
  await new Promise((resolve) => setTimeout(resolve, 100));
  await page.dispose();
  expect(await answer).toMatch(/event: rows\n[^]*event: bye\n/);
  await page.dispose();
});

test("a page that fails ends, is told of once, and leaves the process alone", async () => {
  const folder = join(root, "vast");
  await mkdir(folder);
  await writeFile(join(folder, "metrics.jsonl"), `${JSON.stringify({ type: "step", step: 1, text: "x".repeat(500) })}\n`.repeat(120_000));
  const failures: string[] = [];
  const page = await startDashboard({ folders: [folder], port: 0, mostMemory: 40, onFailure: (reason) => failures.push(reason) });
  expect(await thrownBy(async () => (await fetch(`${page.url}events`)).text())).toBeInstanceOf(TypeError);
  await vi.waitFor(() => expect(failures).toEqual([expect.stringContaining("memory")]), 5000);
  await page.dispose();
});
