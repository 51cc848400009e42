import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { writeMadeUpPairs } from "../../../../test/support/data/made-up-pairs.ts";
import { startHub, type HubServer } from "../../../../test/support/hub-server.ts";
import { thrownBy } from "../../../../test/support/thrown-by.ts";
import { AbortedError, HubError } from "../../../errors/families.ts";
import type { DownloadProgress } from "../../../model/folder/hub/hub-options.ts";
import { checkRecipe } from "../../recipe/recipe-schema.ts";
import { openRecipeData } from "../recipe-source.ts";
import { locatePairs, type LocatedPairs, type PairPlace } from "./locate-pairs.ts";

let root = "";
let hub: HubServer;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-hub-data-"));
  await writeMadeUpPairs(join(root, "source"));
  await cp(join(root, "source/images_zip/Captions.zip"), join(root, "source/images_zip/Other.zip"));
  await writeFile(join(root, "source/images_zip/Words.zip"), Buffer.alloc(60_000, 7)); // large, and fetched but never opened
});
afterAll(() => rm(root, { recursive: true, force: true }));

let caches = 0;
beforeEach(async () => {
  hub = await startHub("datasets/made/MMEB-up", join(root, "source"));
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_HUB_CACHE", join(root, `cache-${caches++}`));
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "HF_HOME"]) vi.stubEnv(name, "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub[Symbol.asyncDispose]();
});

const PLACE: PairPlace = { path: "made/MMEB-up", resolved: "/nowhere/made/MMEB-up", split: "original", withImages: true };
const files = async ({ path }: LocatedPairs): Promise<string[]> => {
  const entries = await readdir(path, { recursive: true });
  return entries.filter((name) => /\.(parquet|zip)$/.test(name)).sort();
};

describe("a dataset of the hub", () => {
  test("is fetched once: the split of the wanted datasets, and their images' archives", async () => {
    const states: DownloadProgress[] = [];
    const located = await locatePairs({ ...PLACE, datasets: ["Captions"] }, { onDownload: (state) => states.push(state) });
    expect(located.path).toMatch(/datasets--made--MMEB-up/);
    expect(await files(located)).toEqual([
      "Captions/original-00000-of-00002.parquet",
      "Captions/original-00001-of-00002.parquet",
      "images_zip/Captions.zip",
    ]);
    expect(states.at(-1)?.done).toBe(states.at(-1)?.total);
    const asked = hub.requests.length;
    expect(await locatePairs({ ...PLACE, datasets: ["Captions"] }, {})).toEqual(located);
    expect(hub.requests.length).toBe(asked);
    const more = await locatePairs({ ...PLACE, withImages: false }, {});
    expect(await files(more)).toContain("Words/original-00000-of-00001.parquet");
    expect(await files(more)).not.toContain("images_zip/Words.zip");
  });

  test("whose download was cut off is gone on with", async () => {
    hub.behaviour.cutAfter = 40_000;
    expect(await thrownBy(() => locatePairs(PLACE, {}))).toBeInstanceOf(HubError);
    await locatePairs(PLACE, {});
    expect(hub.requests.some((request) => / bytes=[1-9]\d*-/.test(request))).toBe(true);
  });

  test("is used without a network once it is there, and told if it is not", async () => {
    await locatePairs(PLACE, {});
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await locatePairs(PLACE, {});
    const error = await thrownBy(() => locatePairs({ ...PLACE, split: "diverse_instruction" }, {}));
    expect(error).toMatchObject({
      code: "hub",
      details: { reason: "offline" },
      message: expect.stringMatching(/the dataset made/) as string,
    });
  });

  test("that is not there, or not in it, is told", async () => {
    expect(await thrownBy(() => locatePairs({ ...PLACE, path: "made/other" }, {}))).toMatchObject({ details: { reason: "not-found" } });
    expect(await thrownBy(() => locatePairs({ ...PLACE, datasets: ["Captoins"] }, {}))).toMatchObject({
      code: "data",
      message: expect.stringMatching(/did you mean Captions/) as string,
    });
    expect(await thrownBy(() => locatePairs({ ...PLACE, split: "train" }, {}))).toMatchObject({ code: "data" });
    expect(await thrownBy(() => locatePairs({ ...PLACE, path: "./none" }, {}))).toMatchObject({ code: "file" });
  });

  test("can be stopped", async () => {
    const controller = new AbortController();
    hub.behaviour.stallAfter = 30_000;
    const fetching = thrownBy(() =>
      locatePairs(PLACE, { signal: controller.signal, onDownload: () => setTimeout(() => controller.abort(), 200) }),
    );
    expect(await fetching).toBeInstanceOf(AbortedError);
  });

  test("is a recipe's data", async () => {
    const fields = { name: "r", model: { base: "b" }, optimizer: { learningRate: 1 }, steps: 1 };
    const data = { kind: "mmeb", path: "made/MMEB-up", batchSize: 4, datasets: { Captions: {} } };
    const none = (): Promise<never> => Promise.reject(new Error("no emoji are needed"));
    const { source, dispose } = await openRecipeData(checkRecipe({ ...fields, data }, "r.json"), none, { folder: root });
    expect(await source.batch(0)).toMatchObject({ task: "Captions" });
    await dispose?.();
  });
});
