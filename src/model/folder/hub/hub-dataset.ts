import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeJsonAtomic } from "../../../files/atomic-write.ts";
import { asDownload } from "./as-download.ts";
import { fetchFile } from "./fetch-file.ts";
import { HubCache } from "./hub-cache.ts";
import { HubClient } from "./hub-client.ts";
import { describeHubId, type HubId } from "./hub-id.ts";
import type { HubOptions } from "./hub-options.ts";
import { hubError } from "./hub-problems.ts";
import { readHubSettings, type HubSettings } from "./hub-settings.ts";
import { SnapshotProgress } from "./snapshot-progress.ts";

/** Which files of a dataset are fetched, of all that there are. */
export type WantedFiles = (paths: readonly string[]) => readonly string[];

/**
 * The folder of a dataset of the hub that holds the wanted files. What the cache holds is used as it is, and nobody is asked if that is all; else what
 * is lacking is fetched, and a download that was cut off is gone on with.
 * @throws {HubError} if it cannot be had, or holds none of what is wanted. @throws {FileError} if the cache cannot be written.
 * @throws {AbortedError} if the signal says stop. @throws what `wanted` throws.
 */
export async function fetchHubDataset(
  name: Pick<HubId, "name" | "revision">,
  wanted: WantedFiles,
  options: HubOptions = {},
): Promise<string> {
  const id: HubId = { ...name, kind: "dataset" };
  const settings = readHubSettings();
  const cache = new HubCache(settings.cache, id);
  const found = await findInCache(cache, id.revision, wanted);
  if (found !== undefined) return found;
  if (settings.offline) throw offline(id, settings);
  return asDownload({ id, settings, options }, async () => {
    const hub = await HubClient.open(id, settings, options.signal);
    const files = await hub.list({ recursive: true });
    const names = new Set(wanted(files.map(({ path }) => path)));
    const chosen = files.filter(({ path }) => names.has(path));
    if (chosen.length === 0) throw hubError(id, settings, { reason: "incomplete", what: "it holds none of the files that are asked for" });
    const progress = new SnapshotProgress(describeHubId(id), options);
    progress.expect(chosen);
    for (const file of chosen) await fetchFile(file, { id, settings, cache, hub, progress });
    await writeJsonAtomic(
      listingOf(cache, hub.commit),
      files.map(({ path }) => path),
    );
    await cache.setCommit(id.revision, hub.commit);
    return cache.snapshot(hub.commit);
  });
}

/** The snapshot, if the cache knows what files the dataset has and holds all that are wanted. */
async function findInCache(cache: HubCache, revision: string, wanted: WantedFiles): Promise<string | undefined> {
  const commit = await cache.commitOf(revision);
  if (commit === undefined) return undefined;
  const listing = listingSchema.safeParse(await readFile(listingOf(cache, commit), "utf8").then(JSON.parse, () => undefined));
  if (!listing.success) return undefined;
  const names = wanted(listing.data);
  const there = await Promise.all(names.map((path) => cache.has(commit, path)));
  return names.length > 0 && there.every(Boolean) ? cache.snapshot(commit) : undefined;
}

const listingSchema = z.array(z.string());

/** Where the names of a dataset's files are kept: Python's cache has no place for them. */
function listingOf(cache: HubCache, commit: string): string {
  return join(cache.folder, ".polyvec", `${commit}.json`);
}

function offline(id: HubId, settings: HubSettings): Error {
  const what = `HF_HUB_OFFLINE is set, and the cache ${settings.cache} does not hold all of it; unset it to fetch the dataset, or name its folder`;
  return hubError(id, settings, { reason: "offline", what });
}
