import { asDownload } from "./as-download.ts";
import { HubCache } from "./hub-cache.ts";
import type { HubId } from "./hub-id.ts";
import type { HubOptions } from "./hub-options.ts";
import { hubError } from "./hub-problems.ts";
import { readHubSettings, type HubSettings } from "./hub-settings.ts";

/** Downloads that run, so that two calls for one model share one. */
const running = new Map<string, Promise<string>>();

/**
 * The folder of a model of the hub. What the cache holds whole is used as it is and nobody is asked; else what is lacking is fetched once.
 * @throws {HubError} if it cannot be had. @throws {FileError} if the cache cannot be written. @throws {AbortedError} if the signal says stop.
 */
export async function fetchHubModel(id: HubId, options: HubOptions = {}): Promise<string> {
  const settings = readHubSettings();
  const cache = new HubCache(settings.cache, id);
  const found = await cache.find(id.revision);
  if (found?.missing.length === 0) return found.folder;
  if (settings.offline) throw notInCache(id, settings, found?.missing);
  const key = `${settings.endpoint} ${cache.folder} ${id.revision}`;
  const known = running.get(key);
  if (known !== undefined) return known;
  const download = fetchOnce({ id, settings, cache, options }).finally(() => running.delete(key));
  running.set(key, download);
  return download;
}

async function fetchOnce(request: {
  readonly id: HubId;
  readonly settings: HubSettings;
  readonly cache: HubCache;
  readonly options: HubOptions;
}): Promise<string> {
  const { fetchSnapshot } = await import("./fetch-snapshot.ts");
  return asDownload(request, () => fetchSnapshot(request));
}

function notInCache(id: HubId, settings: HubSettings, missing: readonly string[] | undefined): Error {
  const has = missing === undefined ? "does not hold it" : `lacks its ${missing.join(", ")}`;
  const what = `HF_HUB_OFFLINE is set, and the cache ${settings.cache} ${has}; unset it to fetch the model, or name its folder`;
  return hubError(id, settings, { reason: "offline", what });
}
