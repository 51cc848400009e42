import { HubError } from "../../../errors/families.ts";
import { PolyvecError } from "../../../errors/polyvec-error.ts";
import { describeHubId, kindOf, type HubId } from "./hub-id.ts";
import type { HubSettings } from "./hub-settings.ts";

/** Why a model cannot be had. */
export type HubProblem = "network" | "offline" | "not-found" | "not-allowed" | "busy" | "incomplete" | "damaged" | "answer";

/** The error for a model that cannot be had. */
export function hubError(
  id: HubId,
  settings: Pick<HubSettings, "endpoint">,
  problem: { readonly reason: HubProblem; readonly what: string; readonly cause?: unknown; readonly status?: number },
): HubError {
  const { reason, what, cause, status } = problem;
  return new HubError({
    message: `cannot get the ${kindOf(id)} ${describeHubId(id)} from ${settings.endpoint}: ${what}`,
    details: { model: id.name, revision: id.revision, reason, ...(status === undefined ? {} : { status }) },
    cause,
  });
}

/** What was thrown while the hub was asked, as an error that tells the way out. */
export function toHubError(error: unknown, id: HubId, settings: HubSettings): Error {
  if (PolyvecError.isInstance(error)) return error;
  const status = statusOf(error);
  if (status !== undefined) return hubError(id, settings, { ...ofStatus(status, id, settings), cause: error, status });
  if (isNetworkError(error)) {
    const what = `there is no answer (${reasonOf(error)}); check the network and HF_ENDPOINT, and run it again: what was fetched is kept. Without a network, copy the ${kindOf(id)}'s folder here and name that`;
    return hubError(id, settings, { reason: "network", what, cause: error });
  }
  return hubError(id, settings, {
    reason: "answer",
    what: `its answer is not a hub's (${reasonOf(error)}); check HF_ENDPOINT`,
    cause: error,
  });
}

function ofStatus(status: number, id: HubId, { endpoint, token }: HubSettings): { reason: HubProblem; what: string } {
  const { name, revision } = id;
  const page = `${endpoint}/${kindOf(id) === "dataset" ? "datasets/" : ""}${name}`;
  if (status === 404) {
    return {
      reason: "not-found",
      what: `there is no such ${kindOf(id)}, or no revision ${revision} of it (404); check the name at ${page}`,
    };
  }
  if (status === 401 || status === 403) {
    const who = token === undefined ? "nobody is signed in: set HF_TOKEN to a token of yours" : "the token in HF_TOKEN does not open it";
    const what = `it is gated or private, or there is none of that name (${status}), and ${who}, after accepting the ${kindOf(id)}'s terms at ${page}`;
    return { reason: "not-allowed", what };
  }
  if (status === 429 || status >= 500) return { reason: "busy", what: `the hub cannot answer now (${status}); try again later` };
  return { reason: "answer", what: `the hub refused (${status}); check the name and HF_ENDPOINT` };
}

/** The status of an answer that the hub's library took for an error. */
function statusOf(error: unknown): number | undefined {
  const status: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "statusCode") : undefined;
  return typeof status === "number" ? status : undefined;
}

/** Connections that fail are told by `fetch` as a TypeError, or as plain text by the library's streams. */
function isNetworkError(error: unknown): boolean {
  if (typeof error === "string") return true;
  return (
    error instanceof Error &&
    (error.name === "TypeError" || error.name === "AbortError" || error.name === "TimeoutError" || "code" in error)
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : error.message;
}
