import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, truncate, unlink, writeFile, cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { COMMIT, startHub, type HubServer } from "../../../../test/support/hub-server.ts";
import { thrownBy } from "../../../../test/support/thrown-by.ts";
import { TINY_LORA, tinyModel } from "../../../../test/support/tiny-model.ts";
import { AbortedError, FileError, HubError } from "../../../errors/families.ts";
import { writeJsonAtomic } from "../../../files/atomic-write.ts";
import { openSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import { SINGLE_PATH } from "../../paths/path-config.ts";
import { openModelFolder, openModelSettings } from "../open-model-folder.ts";
import { saveModelFolder } from "../save-model-folder.ts";
import { parseHubId, type HubId } from "./hub-id.ts";
import { fetchHubModel, fetchHubSettings } from "./hub-model.ts";
import type { DownloadProgress } from "./hub-options.ts";

const NAME = "tiny/Model-2B";
const ID = { name: NAME, revision: "main" };

let root = "";
let source = "";
let hub: HubServer;
let cache = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-hub-"));
  source = join(root, "source");
  await saveModelFolder(source, tinyModel({ paths: SINGLE_PATH }));
  await rm(join(source, "polyvec.json"));
  await writeFile(join(source, "pytorch_model.bin"), "not wanted");
});
afterAll(() => rm(root, { recursive: true, force: true }));

let caches = 0;
beforeEach(async () => {
  hub = await startHub(NAME, source);
  cache = join(root, `cache-${caches++}`);
  vi.stubEnv("HF_ENDPOINT", `${hub.endpoint}/`);
  vi.stubEnv("HF_HUB_CACHE", cache);
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "HF_HOME"]) vi.stubEnv(name, "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub[Symbol.asyncDispose]();
});

const repository = (): string => join(cache, "models--tiny--Model-2B");
const blobs = (): Promise<string[]> => readdir(join(repository(), "blobs"));
const problem = async (action: () => unknown): Promise<HubError> => {
  const error = await thrownBy(action);
  expect(error).toBeInstanceOf(HubError);
  return error as HubError;
};

describe("a name", () => {
  test.each<readonly [string, HubId | undefined]>([
    ["Qwen/Qwen2-VL-2B-Instruct", { name: "Qwen/Qwen2-VL-2B-Instruct", revision: "main" }],
    ["llava-hf/llava-v1.6-mistral-7b-hf@refs/pr/3", { name: "llava-hf/llava-v1.6-mistral-7b-hf", revision: "refs/pr/3" }],
    [`a/b@${COMMIT}`, { name: "a/b", revision: COMMIT }],
    ...["models", "../a", "./a/b", "/a/b", "a/b/c", "a//b", "a/b@", "a/..", "a/b@../c", "a/b.safetensors", "a\\b", "runs/x.json", ""].map((text) => [text, undefined] as const), // prettier-ignore
  ])("%s", (text, expected) => {
    expect(parseHubId(text)).toEqual(expected);
  });
});

describe("a model of the hub", () => {
  test("gives its settings without its weights, once, and the rest when it is asked for", async () => {
    const folder = await fetchHubSettings(ID);
    expect((await readdir(folder)).sort()).toEqual(["config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"]);
    expect((await openModelSettings(folder)).backbone.modelType).toBe("qwen2_vl");
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await fetchHubSettings(ID)).toBe(folder);
    expect((await problem(() => fetchHubModel(ID))).message).toContain("lacks its model.safetensors");
    vi.stubEnv("HF_HUB_OFFLINE", "");
    expect(await fetchHubModel(ID)).toBe(folder);
    expect(await readdir(folder)).toContain("model.safetensors");
  });

  test("is fetched once, with what it needs and nothing else, in the layout of Python's cache", async () => {
    const states: DownloadProgress[] = [];
    const folder = await fetchHubModel(ID, { onDownload: (state) => states.push(state) });
    expect(folder).toBe(join(repository(), "snapshots", COMMIT));
    expect((await readdir(folder)).sort()).toEqual([
      "config.json",
      "model.safetensors",
      "preprocessor_config.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    expect(await readFile(join(repository(), "refs", "main"), "utf8")).toBe(COMMIT);
    for (const name of await readdir(folder)) {
      expect(await readFile(join(folder, name))).toEqual(await readFile(join(source, name)));
      expect((await lstat(join(folder, name))).isSymbolicLink()).toBe(true);
      expect(await readlink(join(folder, name))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]+$/);
    }
    expect(await blobs()).toHaveLength(5);
    expect((await blobs()).some((name) => name.endsWith(".incomplete"))).toBe(false);
    const last = states.at(-1);
    expect(last).toMatchObject({ model: NAME, file: "model.safetensors", done: last?.total });
    expect(states.every(({ done }, at) => at === 0 || done >= (states[at - 1]?.done ?? 0))).toBe(true);
    await using model = await openModelFolder(folder);
    expect(model.backbone.modelType).toBe("qwen2_vl");

    hub.requests.length = 0;
    expect(await fetchHubModel(ID, { onDownload: (state) => states.push(state) })).toBe(folder);
    expect(await fetchHubModel({ ...ID, revision: COMMIT })).toBe(folder);
    expect(hub.requests).toEqual([]);
    expect(states.at(-1)).toBe(last);
  });

  test("is fetched once by two who ask at the same time", async () => {
    const [first, second] = await Promise.all([fetchHubModel(ID), fetchHubModel(ID)]);
    expect(first).toBe(second);
    expect(hub.requests.filter((request) => request.includes("/revision/"))).toHaveLength(1);
  });

  test("that Python fetched is used without a network", async () => {
    const folder = join(repository(), "snapshots", COMMIT);
    await mkdir(join(repository(), "blobs"), { recursive: true });
    await mkdir(join(repository(), "refs"));
    await mkdir(folder, { recursive: true });
    for (const name of ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"]) {
      await cp(join(source, name), join(repository(), "blobs", `blob-${name}`));
      await symlink(`../../blobs/blob-${name}`, join(folder, name));
    }
    await writeFile(join(repository(), "refs", "main"), COMMIT);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await fetchHubModel(ID)).toBe(folder);
    await unlink(join(repository(), "blobs", "blob-tokenizer.json"));
    const error = await problem(() => fetchHubModel(ID));
    expect(error.details).toMatchObject({ reason: "offline" });
    expect(error.message).toContain("lacks its tokenizer.json");
    vi.stubEnv("HF_HUB_OFFLINE", "");
    expect(await readdir(await fetchHubModel(ID))).toContain("tokenizer_config.json");
    expect(hub.requests).not.toEqual([]);
  });

  test("lies under HF_HOME where that is given", async () => {
    vi.stubEnv("HF_HUB_CACHE", "");
    vi.stubEnv("HF_HOME", cache);
    expect(await fetchHubModel(ID)).toBe(join(cache, "hub", "models--tiny--Model-2B", "snapshots", COMMIT));
  });

  test("in shards: all that the index names", async () => {
    const sharded = join(root, "sharded");
    await cp(source, sharded, { recursive: true });
    await using whole = await openSafetensors(join(source, "model.safetensors"));
    const map: Record<string, string> = {};
    for (const [at, shard] of ["weights-a.safetensors", "weights-b.safetensors"].entries()) {
      const names = whole.names.filter((_, index) => index % 2 === at);
      await writeSafetensors(
        join(sharded, shard),
        new Map(await Promise.all(names.map(async (name) => [name, await whole.read(name)] as const))),
      );
      for (const name of names) map[name] = shard;
    }
    await rm(join(sharded, "model.safetensors"));
    await writeJsonAtomic(join(sharded, "model.safetensors.index.json"), { weight_map: map });
    await using other = await startHub(NAME, sharded);
    vi.stubEnv("HF_ENDPOINT", other.endpoint);
    const folder = await fetchHubModel(ID);
    expect(await readdir(folder)).toEqual(expect.arrayContaining(["weights-a.safetensors", "weights-b.safetensors"]));
    await using model = await openModelFolder(folder);
    expect(model.weights.files).toHaveLength(2);
    await rm(join(folder, "weights-b.safetensors"));
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect((await problem(() => fetchHubModel(ID))).message).toContain("lacks its weights-b.safetensors");
  });

  test("whose token is asked for gets it, the store of large files does not", async () => {
    hub.behaviour.token = "hf_secret";
    const refused = await problem(() => fetchHubModel(ID));
    expect(refused.details).toEqual({ model: NAME, revision: "main", reason: "not-allowed", status: 401 });
    expect(refused.message).toMatch(/set HF_TOKEN/);
    vi.stubEnv("HF_TOKEN", "wrong");
    expect((await problem(() => fetchHubModel(ID))).message).toMatch(/the token in HF_TOKEN does not open it/);
    vi.stubEnv("HF_TOKEN", "hf_secret");
    expect(await fetchHubModel(ID)).toContain(COMMIT);
    expect(hub.leaked).toEqual([]);
  });
});

describe("a model that cannot be had", () => {
  test.each([
    [404, "not-found", /no such model, or no revision main of it \(404\)/],
    [401, "not-allowed", /gated or private/],
    [403, "not-allowed", /accepting the model's terms at http/],
    [429, "busy", /try again later/],
    [503, "busy", /try again later/],
    [418, "answer", /refused \(418\)/],
  ])("the hub answers %i", async (status, reason, message) => {
    hub.behaviour.status = status;
    const error = await problem(() => fetchHubModel(ID));
    expect(error.details).toEqual({ model: NAME, revision: "main", reason, status });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`cannot get the model ${NAME} from ${hub.endpoint}: `);
    expect(await readdir(cache).catch(() => [])).toEqual([]);
  });

  test("of another name or revision", async () => {
    expect((await problem(() => fetchHubModel({ ...ID, name: "tiny/other" }))).details).toMatchObject({ status: 404 });
    expect((await problem(() => fetchHubModel({ ...ID, revision: "v2" }))).message).toContain(`${NAME}@v2`);
  });

  test("no network, and no such server", async () => {
    vi.stubEnv("HF_ENDPOINT", "http://127.0.0.1:9");
    const error = await problem(() => fetchHubModel(ID));
    expect(error.details).toMatchObject({ reason: "network" });
    expect(error.message).toMatch(/there is no answer \(.+\); check the network and HF_ENDPOINT/);
  });

  test("something else answers", async () => {
    await using other = await startHub(NAME, source, { commit: "main" });
    vi.stubEnv("HF_ENDPOINT", other.endpoint);
    expect((await problem(() => fetchHubModel(ID))).details).toMatchObject({ reason: "answer" });
  });

  test("offline, and not in the cache", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const error = await problem(() => fetchHubModel(ID));
    expect(error.details).toMatchObject({ reason: "offline" });
    expect(error.message).toContain(cache);
    expect(hub.requests).toEqual([]);
  });

  test("weights in another format only", async () => {
    const old = join(root, "old-format");
    await cp(source, old, { recursive: true });
    await rm(join(old, "model.safetensors"));
    await using other = await startHub(NAME, old);
    vi.stubEnv("HF_ENDPOINT", other.endpoint);
    const error = await problem(() => fetchHubModel(ID));
    expect(error.details).toMatchObject({ reason: "incomplete" });
    expect(error.message).toContain("pytorch_model.bin");
  });

  test("a cache that cannot be written", async () => {
    await writeFile(cache, "a file in the way");
    expect(await thrownBy(() => fetchHubModel(ID))).toBeInstanceOf(FileError);
  });
});

describe("a download that ends early", () => {
  test("is gone on with, from where it stopped", async () => {
    hub.behaviour.cutAfter = 30_000;
    const error = await problem(() => fetchHubModel(ID));
    expect(error.details).toMatchObject({ reason: "network" });
    expect(await readdir(join(repository(), "snapshots", COMMIT))).not.toContain("model.safetensors");
    expect(await readdir(join(repository())).then((names) => names.includes("refs"))).toBe(false);
    expect((await blobs()).filter((name) => name.endsWith(".incomplete"))).toHaveLength(1);
    hub.requests.length = 0;
    const folder = await fetchHubModel(ID);
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(await readFile(join(source, "model.safetensors")));
    expect(hub.requests.some((request) => / bytes=30000-\d+$/.test(request))).toBe(true);
    expect((await blobs()).filter((name) => name.endsWith(".incomplete"))).toEqual([]);
  });

  test("because its process was killed is taken over by the next", async () => {
    hub.behaviour.cutAfter = 30_000;
    await thrownBy(() => fetchHubModel(ID));
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    child.kill("SIGKILL");
    await once(child, "exit");
    const left = (await blobs()).find((name) => name.endsWith(".incomplete"));
    const of = join(repository(), "blobs", left as string);
    await cp(of, of.replace(/\d+\.incomplete$/, `${child.pid}.incomplete`));
    await rm(of);
    hub.requests.length = 0;
    await fetchHubModel(ID);
    expect(hub.requests.some((request) => / bytes=30000-\d+$/.test(request))).toBe(true);
    expect((await blobs()).filter((name) => name.endsWith(".incomplete"))).toEqual([]);
  });

  test("whose beginning was damaged meanwhile is thrown away, and right the next time", async () => {
    hub.behaviour.cutAfter = 30_000;
    await thrownBy(() => fetchHubModel(ID));
    const left = (await blobs()).find((name) => name.endsWith(".incomplete"));
    const file = join(repository(), "blobs", left as string);
    await truncate(file, 100);
    await truncate(file, 200);
    expect((await problem(() => fetchHubModel(ID))).details).toMatchObject({ reason: "damaged" });
    const folder = await fetchHubModel(ID);
    expect(await readFile(join(folder, "model.safetensors"))).toEqual(await readFile(join(source, "model.safetensors")));
  });

  test("a small file that arrives damaged is named", async () => {
    hub.behaviour.damaged = "config.json";
    const error = await problem(() => fetchHubModel(ID));
    expect(error.message).toMatch(/config\.json arrived damaged/);
    expect(await readdir(join(repository(), "blobs"))).toEqual([]);
  });

  test("on request", async () => {
    const stop = new AbortController();
    const onDownload = ({ file }: DownloadProgress): void => {
      if (file === "model.safetensors") stop.abort();
    };
    expect(await thrownBy(() => fetchHubModel(ID, { onDownload, signal: stop.signal }))).toBeInstanceOf(AbortedError);
    expect(await fetchHubModel(ID)).toContain(COMMIT);
  });
});

test("an adapter whose base is named as on the hub opens with the hub's", async () => {
  const folder = join(root, "adapter");
  const contents = tinyModel({ lora: TINY_LORA, paths: SINGLE_PATH });
  await saveModelFolder(folder, { ...contents, polyvec: { ...contents.polyvec, base: NAME }, tokenizer: source });
  for (const name of ["polyvec.json", "config.json"]) await rm(join(folder, name));
  {
    await using model = await openModelFolder(folder);
    expect(model.basePath).toBe(join(repository(), "snapshots", COMMIT));
    expect(model.lora).toEqual(TINY_LORA);
  }
  await rm(cache, { recursive: true });
  hub.behaviour.status = 403;
  const error = await problem(async () => (await openModelFolder(folder)).close());
  expect(error.details).toMatchObject({ file: folder, status: 403 });
  expect(error.message).toContain("its base is no folder here");
});
