import { AbortedError } from "../../../errors/families.ts";
import { PolyvecError } from "../../../errors/polyvec-error.ts";
import { describeHubId, type HubId } from "./hub-id.ts";
import type { HubOptions } from "./hub-options.ts";
import { toHubError } from "./hub-problems.ts";
import type { HubSettings } from "./hub-settings.ts";

/** What is downloaded. */
export interface Download {
  readonly id: HubId;
  readonly settings: HubSettings;
  readonly options: HubOptions;
}

/** Does the work of a download. @throws {HubError} for whatever goes wrong with the hub. @throws {AbortedError} if the signal says stop. */
export async function asDownload<T>({ id, settings, options: { signal } }: Download, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted !== true) throw toHubError(error, id, settings);
    if (PolyvecError.isInstance(signal.reason)) throw signal.reason;
    const message = `the download of ${describeHubId(id)} was stopped; run it again to go on with it`;
    throw new AbortedError({ message, cause: signal.reason });
  }
}
