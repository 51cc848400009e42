import { join } from "node:path";
import { stat } from "node:fs/promises";
import { MODEL_FILES } from "../model-files.ts";
import { fetchBlob } from "./fetch-blob.ts";
import { HubClient, type RemoteFile } from "./hub-client.ts";
import type { HubCache } from "./hub-cache.ts";
import { describeHubId, type HubId } from "./hub-id.ts";
import type { HubOptions } from "./hub-options.ts";
import { hubError } from "./hub-problems.ts";
import type { HubSettings } from "./hub-settings.ts";
import { shardsOf, SMALL_FILES } from "./model-parts.ts";
import { SnapshotProgress } from "./snapshot-progress.ts";

/** What is fetched, and how. */
export interface SnapshotRequest {
  readonly id: HubId;
  readonly settings: HubSettings;
  readonly cache: HubCache;
  readonly options: HubOptions;
}

/** Fetches what a model needs of a revision: configurations, tokenizer, safetensors. @returns the folder. */
export async function fetchSnapshot({ id, settings, cache, options }: SnapshotRequest): Promise<string> {
  const hub = await HubClient.open(id, settings, options.signal);
  const files = await hub.list();
  const progress = new SnapshotProgress(describeHubId(id), options);
  const fetch = async (wanted: readonly RemoteFile[]): Promise<void> => {
    for (const file of wanted) await fetchFile(file, { id, settings, cache, hub, progress });
  };
  const named = (names: readonly string[]): RemoteFile[] => files.filter(({ path }) => names.includes(path));
  const small = named(SMALL_FILES);
  const guess = named([MODEL_FILES.adapter, ...weightFiles(files, [])]);
  progress.expect([...small, ...guess]);
  await fetch(small);
  const shards = (await shardsOf(join(cache.snapshot(hub.commit), MODEL_FILES.weightsIndex))) ?? [];
  const large = named([MODEL_FILES.adapter, ...weightFiles(files, shards)]);
  if (large.length === 0) throw noWeights(id, settings, files);
  progress.expect([...small, ...large]);
  await fetch(large);
  await cache.setCommit(id.revision, hub.commit);
  return cache.snapshot(hub.commit);
}

/** Names of the files of weights: one, or the shards that the index names, before it is there those that are called so. */
function weightFiles(files: readonly RemoteFile[], shards: readonly string[]): string[] {
  const names = files.map(({ path }) => path);
  if (names.includes(MODEL_FILES.weights)) return [MODEL_FILES.weights];
  if (!names.includes(MODEL_FILES.weightsIndex)) return [];
  return shards.length > 0 ? [...shards] : names.filter((name) => /^model-\d+-of-\d+\.safetensors$/.test(name));
}

function noWeights(id: HubId, settings: HubSettings, files: readonly RemoteFile[]): Error {
  const other = files.find(({ path }) => /\.(bin|pt|pth|gguf|ckpt|h5|onnx)$/.test(path));
  const has = other === undefined ? "it holds no weights" : `its weights are in another format (${other.path})`;
  const what = `${has}; a model needs ${MODEL_FILES.weights}, or shards with ${MODEL_FILES.weightsIndex}: convert it with transformers' save_pretrained`;
  return hubError(id, settings, { reason: "incomplete", what });
}

interface FileRequest extends Omit<SnapshotRequest, "options"> {
  readonly hub: HubClient;
  readonly progress: SnapshotProgress;
}

async function fetchFile(remote: RemoteFile, { id, settings, cache, hub, progress }: FileRequest): Promise<void> {
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
