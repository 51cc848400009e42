import { join } from "node:path";
import { MODEL_FILES } from "../model-files.ts";
import { fetchFile } from "./fetch-file.ts";
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
