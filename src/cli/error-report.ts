import { inspect } from "node:util";
import { createColors } from "picocolors";
import { PolyvecError } from "../errors/polyvec-error.ts";
import { UsageError } from "./usage-error.ts";

/** Exit codes of `polyvec`; an interruption has its own (130 after Ctrl-C). */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** How an error is told. */
export interface ErrorReportOptions {
  /** As `{"error":{"code","message","details"}}` on one line. */
  readonly json: boolean;
  /** With the stack and the causes (`POLYVEC_DEBUG=1`). */
  readonly debug: boolean;
  /** With a red `error`. */
  readonly color: boolean;
}

/** The exit code that an error asks for. */
export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

/** The text for stderr: `error (code): message`, or JSON. What is no Polyvec error is a bug, and says how to report it. */
export function describeError(error: unknown, { json, debug, color }: ErrorReportOptions): string {
  const { code, message, details } = PolyvecError.isInstance(error) ? error : unexpected(error);
  const stack = debug ? stackOf(error) : undefined;
  if (json) return JSON.stringify({ error: { code, message, details, ...(stack !== undefined && { stack }) } });
  return [`${createColors(color).red("error")} (${code}): ${message}`, ...(stack === undefined ? [] : [stack])].join("\n");
}

function unexpected(error: unknown): Pick<PolyvecError, "code" | "message" | "details"> {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: "unexpected",
    message: `${text} (this is a bug in Polyvec: please report it with what POLYVEC_DEBUG=1 prints)`,
    details: {},
  };
}

function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const own = error.stack ?? error.message;
  const cause = error.cause === undefined ? undefined : (stackOf(error.cause) ?? inspect(error.cause));
  return cause === undefined ? own : `${own}\ncaused by ${cause}`;
}
