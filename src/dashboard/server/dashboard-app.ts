import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { streamSSE } from "hono/streaming";
import type { RunWatcher } from "../runs/run-watcher.ts";
import { isAllowedHost } from "./allowed-hosts.ts";
import { parsePositions, streamOf } from "./event-stream.ts";
import { FIRST_MODULE, type PageFiles } from "./page-files.ts";
import { PAGE_HTML, PAGE_POLICY } from "./page-html.ts";

/** What the server is made of. */
export interface AppOptions {
  readonly watcher: RunWatcher;
  readonly files: PageFiles;
  /** What it listens on, as it was asked for. */
  readonly host: string;
  /** Ends all streams. */
  readonly signal: AbortSignal;
}

/** Pages that may listen at once. */
const MOST_STREAMS = 100;

/** The page, its files, and the stream of what happens; it answers GET alone. */
export function dashboardApp({ watcher, files, host, signal }: AppOptions): Hono {
  const server = randomUUID();
  let streams = 0;
  const app = new Hono();
  app.use(secureHeaders({ contentSecurityPolicy: copied(PAGE_POLICY), xFrameOptions: "DENY", strictTransportSecurity: false }));
  app.use(async (context, next) => {
    if (!isAllowedHost(context.req.header("host"), host)) return context.text(FOREIGN_HOST, 421);
    if (context.req.method !== "GET" && context.req.method !== "HEAD")
      return context.text("this page only tells\n", 405, { Allow: "GET, HEAD" });
    context.header("Cache-Control", "no-store");
    return next();
  });
  app.get("/", async (context) =>
    (await files.find(FIRST_MODULE)) === undefined ? context.text(NOT_BUILT, 500) : context.html(PAGE_HTML),
  );
  app.get("/page/:name", async (context) => {
    const file = await files.find(context.req.param("name"));
    if (file === undefined) return context.notFound();
    return context.body(file.content, 200, { "Content-Type": `${file.type}; charset=utf-8` });
  });
  app.get("/events", (context) => {
    if (context.req.header("sec-fetch-site") === "cross-site") return context.text("only this server's own page may listen\n", 403);
    if (streams >= MOST_STREAMS) return context.text(`${MOST_STREAMS} pages listen already; close some\n`, 503);
    const gone = new AbortController();
    const ends = AbortSignal.any([gone.signal, signal]);
    streams += 1;
    return streamSSE(context, async (stream) => {
      stream.onAbort(() => gone.abort());
      try {
        const have = parsePositions(context.req.query("have"), server);
        for await (const event of streamOf(watcher, { server, have, signal: ends })) await stream.writeSSE(event);
      } catch {
        await stream.close(); // the page connects again
      } finally {
        streams -= 1;
      }
    });
  });
  app.onError((_, context) => context.text("the page's server has a fault; the run is not touched by it\n", 500));
  return app;
}

const FOREIGN_HOST =
  "This server is not known by that name. Open it by its address, as localhost, or by the name that --host gave. " +
  "(It is checked so that no page elsewhere can read this one.)\n";
const NOT_BUILT = "The page's scripts are not built: run npm run build in the checkout, and open the page again.\n";

function copied(policy: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(policy).map(([name, sources]) => [name, [...sources]]));
}
