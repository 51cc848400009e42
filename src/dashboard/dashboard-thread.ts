import { parentPort, workerData } from "node:worker_threads";
import { HttpError, present } from "../errors/families.ts";
import { serveDashboard, type DashboardOptions } from "./serve-dashboard.ts";
import type { ThreadMessage } from "./thread-messages.ts";

/** The thread of `startDashboard`: serves the page until it is told to end. */
async function serve(): Promise<void> {
  const port = present(parentPort, "the thread's port");
  const tell = (message: ThreadMessage): void => port.postMessage(message, []);
  try {
    const dashboard = await serveDashboard(workerData as DashboardOptions);
    port.once("message", () => void dashboard.dispose().finally(() => port.close()));
    tell({ kind: "open", url: dashboard.url });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    tell({ kind: "failed", error: { message: error.message, details: error.details } });
  }
}

await serve();
