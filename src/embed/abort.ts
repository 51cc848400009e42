import { AbortedError } from "../errors/families.ts";
import { PolyvecError } from "../errors/polyvec-error.ts";

/** @throws {AbortedError} if the signal says stop: its reason, where that is one already. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  if (PolyvecError.isInstance(signal.reason)) throw signal.reason;
  throw new AbortedError({ message: "embedding was stopped", cause: signal.reason });
}
