import { stat } from "node:fs/promises";
import { fetchBlob } from "./fetch-blob.ts";
import type { HubCache } from "./hub-cache.ts";
import type { HubClient, RemoteFile } from "./hub-client.ts";
import type { HubId } from "./hub-id.ts";
import { hubError } from "./hub-problems.ts";
import type { HubSettings } from "./hub-settings.ts";
import type { SnapshotProgress } from "./snapshot-progress.ts";

/** A file of a snapshot that is fetched. */
export interface FileRequest {
  readonly id: HubId;
  readonly settings: HubSettings;
  readonly cache: HubCache;
  readonly hub: HubClient;
  readonly progress: SnapshotProgress;
}

/**
 * Puts a file of the hub into a snapshot of the cache, fetched if its content is not there yet. @throws {HubError} if it arrives damaged.
 */
export async function fetchFile(remote: RemoteFile, { id, settings, cache, hub, progress }: FileRequest): Promise<void> {
  const { path, size, digest } = remote;
  if (await cache.has(hub.commit, path)) return progress.at(path, size);
  const file = cache.blob(digest.value);
  const isThere = await stat(file).then(Boolean, () => false);
  const read = (start: number): Promise<AsyncIterable<Uint8Array>> => hub.read(path, start);
  const isRight = isThere || (await fetchBlob({ file, size, digest, read, onBytes: (done) => progress.at(path, done) }));
  if (!isRight) {
    const what = `${path} arrived damaged (its hash is not ${digest.value}), and was thrown away; run it again`;
    throw hubError(id, settings, { reason: "damaged", what });
  }
  await cache.link(hub.commit, path, digest.value);
  progress.at(path, size);
}
