import { once } from "node:events";
import type { Server } from "node:http";
import { isIPv6, type AddressInfo } from "node:net";
import { hostname } from "node:os";
import { createAdaptorServer } from "@hono/node-server";
import { HttpError } from "../errors/families.ts";
import { RunWatcher } from "./runs/run-watcher.ts";
import { dashboardApp } from "./server/dashboard-app.ts";
import { PageFiles } from "./server/page-files.ts";

/** What is shown, and where. */
export interface DashboardOptions {
  /** Run folders, or folders of them; they need not be there yet. */
  readonly folders: readonly string[];
  /** 0: any free one. */
  readonly port: number;
  /** 127.0.0.1 if not given: this machine alone. */
  readonly host?: string | undefined;
  /** Milliseconds between two looks at the files; 1,000 if not given. */
  readonly interval?: number | undefined;
  /** Where the page's modules lie; as they are built if not given. */
  readonly pageFolder?: string | undefined;
}

/** A live page of runs, served until it is disposed of. */
export interface Dashboard extends AsyncDisposable {
  readonly url: string;
  /** Tells pages the last news and that it ends, and closes; a second call does nothing. */
  dispose(): Promise<void>;
}

/** Pages get so long to take the last news, in milliseconds. */
const LAST_NEWS_MS = 2000;
const SWEEP_MS = 20;

/** Opens the page. It reads the runs' files and nothing else. @throws {HttpError} if it cannot listen there: details `host`, `port`, `errno`. */
export async function serveDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { folders, port, host = "127.0.0.1", interval, pageFolder } = options;
  const watcher = new RunWatcher({ folders, interval });
  const ending = new AbortController();
  const app = dashboardApp({ watcher, files: new PageFiles(pageFolder), host, signal: ending.signal });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await listen(server, { port, host });
  let isOpen = true;
  const dispose = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    const closed = once(server, "close");
    server.close();
    await watcher.end().catch(() => undefined); // the last news of files that cannot be read any more
    const timer = setTimeout(() => {
      ending.abort();
      server.closeAllConnections();
    }, LAST_NEWS_MS);
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS); // a page that has taken the last word holds its connection
    await closed;
    clearTimeout(timer);
    clearInterval(sweep);
  };
  return { url: urlOf(server, host), dispose, [Symbol.asyncDispose]: dispose };
}

async function listen(server: Server, { port, host }: { readonly port: number; readonly host: string }): Promise<void> {
  try {
    server.listen({ port, host });
    await once(server, "listening");
  } catch (cause) {
    const errno = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    const reason = REASONS[errno] ?? (cause instanceof Error ? cause.message : String(cause));
    const message = `the page cannot be opened on ${host}, port ${port}: ${reason}`;
    throw new HttpError({ message, details: { host, port, errno }, cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there. Name another port, or 0 for any free one",
  EACCES: "the system does not allow it; ports below 1024 are kept for administrators. Name another port, or 0 for any free one",
  EADDRNOTAVAIL: "this machine has no such address. Name one of its own, or 127.0.0.1 for this machine alone",
  ENOTFOUND: "no machine has that name. Name an address of this machine, or 127.0.0.1 for this machine alone",
};

const ANY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const name = ANY_ADDRESS.has(host) ? hostname() : host;
  return `http://${isIPv6(name) ? `[${name}]` : name}:${port}/`;
}
