import { cp, mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { tinyModel } from "../../test/support/tiny-model.ts";
import { Embedder } from "../embed/embedder.ts";
import { embeddingModelOf, loadModel } from "../embed/load-model.ts";
import { AbortedError, ConfigError, FileError } from "../errors/families.ts";
import { openModelFolder } from "../model/folder/open-model-folder.ts";
import { saveModelFolder } from "../model/folder/save-model-folder.ts";
import { indexFolderOf, indexPictures, type PictureIndex } from "./index-pictures.ts";

let root = "";
let model: Embedder;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-pictures-"));
  await saveModelFolder(join(root, "model"), tinyModel());
  model = await loadModel(join(root, "model"), { threads: 1 });
});
afterAll(async () => {
  await model.dispose();
  await rm(root, { recursive: true, force: true });
});

async function paint(file: string, background: string): Promise<void> {
  await sharp({ create: { width: 16, height: 16, channels: 3, background } })
    .png()
    .toFile(file);
}

let folders = 0;
/** A folder with red.png, sub/blue.png, and things that are no pictures. */
async function makeFolder(): Promise<string> {
  const folder = join(root, `pictures-${folders++}`);
  await mkdir(join(folder, "sub", ".hidden"), { recursive: true });
  await paint(join(folder, "red.png"), "red");
  await paint(join(folder, "sub", "blue.png"), "blue");
  await paint(join(folder, "sub", ".hidden", "green.png"), "green");
  await writeFile(join(folder, "notes.txt"), "notes");
  return folder;
}

interface Indexed extends PictureIndex {
  /** How many pictures were embedded. */
  readonly embedded: number;
}

async function index(folder: string, signal?: AbortSignal): Promise<Indexed> {
  let embedded = 0;
  const pictures = await indexPictures(folder, {
    model,
    cacheFolder: join(root, "cache"),
    signal,
    onProgress: ({ done }) => (embedded = done),
  });
  return { ...pictures, embedded };
}

function filesOf({ files }: PictureIndex): string[] {
  return [...files.values()].flat().sort();
}

describe("a folder of pictures", () => {
  test("is embedded once; later only what is new", async () => {
    const folder = await makeFolder();
    const first = await index(folder);
    expect([first.embedded, first.index.size, filesOf(first)]).toEqual([2, 2, ["red.png", "sub/blue.png"]]);
    await paint(join(folder, "green.png"), "green");
    await utimes(join(folder, "red.png"), new Date(), new Date());
    await rename(join(folder, "sub", "blue.png"), join(folder, "moved.png"));
    const second = await index(folder);
    expect([second.embedded, second.index.size, filesOf(second)]).toEqual([1, 3, ["green.png", "moved.png", "red.png"]]);
    const [embedding] = await model.embed([{ image: join(folder, "moved.png"), instruction: "a picture" }]);
    const [best] = second.index.search(embedding ?? { aggregate: new Float32Array(), paths: [] }, { k: 1 });
    expect(second.files.get(best?.id ?? "")).toEqual(["moved.png"]);
    expect(best?.score).toBeCloseTo(1, 5);
  });

  test("forgets what is gone, and sees what was painted over", async () => {
    const folder = await makeFolder();
    await index(folder);
    await rm(join(folder, "sub"), { recursive: true });
    expect((await index(folder)).index.size).toBe(1);
    await paint(join(folder, "red.png"), "orange");
    await utimes(join(folder, "red.png"), new Date(), new Date(Date.now() + 5000));
    const { embedded, index: found } = await index(folder);
    expect([embedded, found.size]).toEqual([1, 1]);
  });

  test("names files of the same content together", async () => {
    const folder = await makeFolder();
    await cp(join(folder, "red.png"), join(folder, "again.png"));
    const { files, index: found } = await index(folder);
    expect([found.size, [...files.values()]]).toEqual([2, expect.arrayContaining([["again.png", "red.png"]])]);
  });

  test("leaves out what is no picture, and says so", async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, "bad.png"), "no picture");
    const { failed, index: found } = await index(folder);
    expect([found.size, [...failed.keys()]]).toEqual([2, ["bad.png"]]);
    expect(failed.get("bad.png")?.message).toContain(join(folder, "bad.png"));
  });

  test("is embedded again when its cache is damaged", async () => {
    const folder = await makeFolder();
    await index(folder);
    const cache = await indexFolderOf(model, folder, join(root, "cache"));
    await writeFile(join(cache, "index.json"), "{");
    await writeFile(join(cache, "pictures.json"), "{");
    expect((await index(folder)).embedded).toBe(2);
    const vectors = (await readdir(cache)).find((name) => name.endsWith(".safetensors"));
    await writeFile(join(cache, vectors ?? ""), "short");
    expect((await index(folder)).embedded).toBe(2);
  });

  test("is embedded again by another model", async () => {
    await saveModelFolder(join(root, "other"), tinyModel({ seed: 2 }));
    await using other = await loadModel(join(root, "other"));
    await using same = await loadModel(join(root, "model"));
    const place = (by: Embedder): Promise<string> => indexFolderOf(by, "x", root);
    expect(await place(other)).not.toBe(await place(model));
    expect(await place(same)).toBe(await place(model));
    await using source = await openModelFolder(join(root, "model"));
    const { fingerprint: _, ...unnamed } = embeddingModelOf(source);
    await using memory = new Embedder(unnamed);
    expect(await thrownBy(() => place(memory))).toBeInstanceOf(ConfigError);
  });

  test("stops on request and keeps what it has", async () => {
    const folder = await makeFolder();
    expect(await thrownBy(() => index(folder, AbortSignal.abort()))).toBeInstanceOf(AbortedError);
    expect((await index(folder)).index.size).toBe(2);
  });

  test("must be there and hold pictures", async () => {
    const empty = join(root, "empty");
    await mkdir(empty);
    for (const folder of [empty, join(root, "nowhere"), join(root, "model", "config.json")]) {
      const error = (await thrownBy(() => index(folder))) as FileError;
      expect(error).toBeInstanceOf(FileError);
      expect(error.message).toContain(folder);
    }
  });
});
