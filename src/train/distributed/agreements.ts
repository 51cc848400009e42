import { createHash } from "node:crypto";
import { ConfigError } from "../../errors/families.ts";
import type { Communicator } from "./communicator.ts";

/**
 * Checks that all processes have the same of something, by a hash of it.
 * @param what for the message, `the recipe`. @param wayOut what to do about it.
 * @throws {ConfigError} on all processes if one differs from the first.
 */
export async function expectSame(
  communicator: Communicator,
  value: () => string,
  { what, wayOut }: { readonly what: string; readonly wayOut: string },
): Promise<void> {
  if (communicator.size === 1) return;
  const hashes = await communicator.allGatherParts(new Uint8Array(createHash("sha256").update(value()).digest()));
  const [first, ...others] = hashes.map((hash) => Buffer.from(hash).toString("hex"));
  const other = others.findIndex((hash) => hash !== first);
  if (other === -1) return;
  throw new ConfigError({
    message: `${what} is not the same on process ${other + 1} as on process 0: ${wayOut}`,
    details: { rank: other + 1, what },
  });
}

/** What a process asks for before a step: to go on, to stop if steps are left, or to stop in any case (an evaluation was cut off). */
export const STOP = { no: 0, wanted: 1, needed: 2 } as const;
export type Stop = (typeof STOP)[keyof typeof STOP];

/** The most that any process asks for, the same on all. */
export async function agreeOnStop(communicator: Communicator, own: Stop): Promise<Stop> {
  const asked = await communicator.allGather(Uint8Array.of(own));
  return Math.max(...asked) as Stop;
}
