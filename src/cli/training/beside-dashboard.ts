import { startDashboard } from "../../dashboard/start-dashboard.ts";
import type { CommandContext } from "../command-module.ts";
import { quoted } from "../quoted.ts";
import { DEFAULT_PORT } from "./default-port.ts";

/** What is asked for of the page. */
export interface DashboardRequest {
  /** The run's folder. */
  readonly out: string;
  /** A port, or true for the usual one; undefined: no page. */
  readonly dashboard?: number | true | undefined;
}

/**
 * Does a run's work with its live page beside it, where one is asked for: opened before the work begins, told, and closed when it has ended.
 * @throws {HttpError} if it cannot be opened.
 */
export async function besideDashboard<Result>(
  { out, dashboard }: DashboardRequest,
  context: CommandContext,
  work: () => Promise<Result>,
): Promise<Result> {
  if (dashboard === undefined) return work();
  const port = dashboard === true ? DEFAULT_PORT : dashboard;
  const onFailure = (reason: string): void =>
    context.progress.note(`the live page has failed (${reason}); the run goes on without. Open it again: polyvec dashboard ${quoted(out)}`);
  await using page = await startDashboard({ folders: [out], port, onFailure });
  if (context.json) await context.out.json({ type: "dashboard", url: page.url });
  else context.progress.note(`the live page is at ${page.url}`);
  return await work();
}
