import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { startHub, type HubServer } from "../../../test/support/hub-server.ts";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { tinyModel } from "../../../test/support/tiny-model.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";
import { SINGLE_PATH } from "../../model/paths/path-config.ts";

const NAME = "tiny/model";

let root = "";
let source = "";
let cache = "";
let hub: HubServer;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-cli-hub-"));
  source = join(root, "source");
  await saveModelFolder(source, tinyModel({ paths: SINGLE_PATH }));
});
afterAll(() => rm(root, { recursive: true, force: true }));

beforeEach(async () => {
  hub = await startHub(NAME, source);
  cache = await mkdtemp(join(root, "cache-"));
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_HUB_CACHE", cache);
  vi.stubEnv("HF_HUB_OFFLINE", "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub[Symbol.asyncDispose]();
});

describe("a model of the hub", () => {
  test("is fetched with its progress shown, and the second time nothing is said or asked", async () => {
    const first = await runPolyvec("embed", "a cat", "--model", NAME);
    expect(first).toMatchObject({ code: 0, err: expect.stringMatching(/^fetch tiny\/model 1\/1 MB, .*took \d+ s\n$/) as unknown });
    const asked = hub.requests.length;
    const second = await runPolyvec("embed", "a cat", "--model", `${NAME}@main`);
    expect(second).toEqual({ code: 0, err: "", out: first.out });
    expect(hub.requests).toHaveLength(asked);
    const local = await runPolyvec("embed", "a cat", "--model", source);
    expect(local.out).toBe(first.out);
    expect((await runPolyvecJson("inspect", NAME)).values[0]).toMatchObject({ backbone: "qwen2_vl" });
  });

  test("is a recipe's base", async () => {
    const file = join(root, "recipe.json");
    const recipe = { name: "hub", model: { base: NAME }, data: { kind: "examples", batchSize: 2, file: "pairs.jsonl" }, optimizer: { learningRate: 1e-3 }, steps: 1 }; // prettier-ignore
    await writeFile(file, JSON.stringify(recipe));
    await writeFile(
      join(root, "pairs.jsonl"),
      ["a cat", "a dog"].map((text) => JSON.stringify({ query: { text }, positive: { text } })).join("\n"),
    );
    const { code, values } = await runPolyvecJson("train", file, "--out", join(root, "run"), "--threads", "1");
    expect([code, values.at(-1)]).toEqual([0, expect.objectContaining({ type: "end", step: 1 })]);
    expect(await readdir(cache)).toEqual(["models--tiny--model"]);
  });

  test("is looked for by `reproduce` before anything else is done", async () => {
    const { code, error } = await runPolyvecJson("reproduce", "--base", "tiny/modle", "--out", join(root, "reproduced"));
    expect([code, error]).toEqual([1, expect.objectContaining({ code: "hub", message: expect.stringMatching(/modle/) as unknown })]);
    expect(hub.requests.some((request) => request.includes("tiny/modle"))).toBe(true);
  });

  test("that is not there is told with the folder that is not there either", async () => {
    const { code, error } = await runPolyvecJson("embed", "a cat", "--model", "tiny/modle");
    expect([code, error]).toEqual([
      1,
      expect.objectContaining({ code: "hub", details: expect.objectContaining({ status: 404 }) as unknown }),
    ]);
    expect((error as Error).message).toMatch(/^there is no folder .*tiny\/modle, and Polyvec cannot get the model tiny\/modle from http/);
  });

  test("whose download is killed leaves no half file, and the next goes on with it", { timeout: 60_000 }, async () => {
    const weights = (await stat(join(source, "model.safetensors"))).size;
    hub.behaviour.stallAfter = 50_000;
    const script = join(import.meta.dirname, "../main.ts");
    const child = spawn(process.execPath, ["--import", "tsx", script, "embed", "a cat", "--model", NAME], { stdio: "ignore" });
    const blobs = join(cache, "models--tiny--model", "blobs");
    const isWaiting = async (): Promise<boolean> => {
      const left = (await readdir(blobs).catch(() => [])).find((name) => name.endsWith(".incomplete"));
      return left !== undefined && (await stat(join(blobs, left)).catch(() => ({ size: 0 }))).size === 50_000;
    };
    await vi.waitFor(async () => expect(await isWaiting()).toBe(true), { timeout: 40_000, interval: 50 });
    child.kill("SIGKILL");
    await once(child, "exit");
    hub.requests.length = 0;
    expect((await runPolyvec("embed", "a cat", "--model", NAME)).code).toBe(0);
    expect(hub.requests).toContainEqual(expect.stringMatching(new RegExp(` bytes=50000-${weights - 1}$`)));
    expect((await readdir(blobs)).filter((name) => name.endsWith(".incomplete"))).toEqual([]);
  });
});
