import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runPolyvec, runPolyvecJson } from "../../../test/support/run-polyvec.ts";
import { tinyModel } from "../../../test/support/tiny-model.ts";
import { saveModelFolder } from "../../model/folder/save-model-folder.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-cli-search-"));
  vi.stubEnv("POLYVEC_CACHE", join(root, "cache"));
  const contents = tinyModel();
  const instructions = { "text-to-image": "find it", "target-image": "a picture" };
  await saveModelFolder(join(root, "model"), { ...contents, polyvec: { ...contents.polyvec, instructions } });
  await mkdir(join(root, "pictures"));
  for (const background of ["red", "green", "blue"]) {
    const picture = sharp({ create: { width: 16, height: 16, channels: 3, background } });
    await picture.png().toFile(join(root, "pictures", `${background}.png`));
  }
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true, force: true });
});

function args(...more: readonly string[]): string[] {
  return ["search", "--model", join(root, "model"), "--in", join(root, "pictures"), ...more];
}

interface Answer {
  readonly query: object;
  readonly searched: number;
  readonly hits: readonly {
    readonly name: string;
    readonly score: number;
    readonly files: string[];
    readonly ranks?: { readonly paths: number[] };
  }[];
}

async function search(...more: readonly string[]): Promise<Answer> {
  const { code, values } = await runPolyvecJson(...args(...more));
  expect(code).toBe(0);
  return values[0] as Answer;
}

describe("polyvec search", () => {
  test("finds the pictures of a folder by a text, with the instruction of the model", async () => {
    const { query, searched, hits } = await search("a cat", "--k", "2");
    expect([query, searched]).toEqual([{ text: "a cat", instruction: "find it" }, 3]);
    expect(hits.map(({ files }) => files.length)).toEqual([1, 1]);
    expect(hits[0]?.score).toBeGreaterThanOrEqual(hits[1]?.score ?? 2);
  });

  test("finds them by an image", async () => {
    const image = join(root, "pictures", "green.png");
    const { hits } = await search("--image", image, "--instruction", "a picture");
    expect([hits[0]?.name, hits[0]?.score]).toEqual(["green.png", expect.closeTo(1, 5)]);
    expect((await search("a cat", "--image", image)).query).toEqual({ image, text: "a cat" });
  });

  test("shows a table, and where each path ranks a hit", async () => {
    const { code, out, err } = await runPolyvec(...args("a cat", "--explain"));
    expect(code).toBe(0);
    expect(out).toMatch(/^ +score +file +aggregate +path 0 +path 1 +path 2\n[^\n]+\n1 +-?0\.\d{3} +\w+\.png +1 +[123] +[123] +[123]\n/);
    expect(err).not.toContain("left out");
  });

  test("compares by any view, with weights", async () => {
    const single = await search("a cat", "--view", "single", "--path", "1");
    const weighted = await search("a cat", "--view", "all", "--weights", "0,1,0");
    expect(weighted.hits.map(({ name }) => name)).toEqual(single.hits.map(({ name }) => name));
    weighted.hits.forEach(({ score }, place) => expect(score).toBeCloseTo(single.hits[place]?.score ?? 2, 6));
    expect((await search("a cat", "--view", "maxsim")).hits.length).toBe(3);
  });

  test("leaves out what it cannot read, and says so", async () => {
    await writeFile(join(root, "pictures", "bad.png"), "no picture");
    const { code, out, err } = await runPolyvec(...args("a cat"));
    expect([code, out.trimEnd().split("\n").length]).toEqual([0, 5]);
    expect(err).toContain("left out: cannot decode the picture");
    await rm(join(root, "pictures", "bad.png"));
  });

  test.each([
    [[], 2, "usage"],
    [["a cat", "--path", "1"], 2, "usage"],
    [["a cat", "--vendor", "noto"], 2, "usage"],
    [["a cat", "--in", "emoji", "--vendor", "apple"], 2, "usage"],
    [["a cat", "--weights", "1,x,1", "--view", "all"], 2, "usage"],
    [["a cat", "--weights", "1,1", "--view", "all"], 1, "shape"],
    [["a cat", "--weights", "1,1,1"], 1, "config"],
    [["a cat", "--view", "single", "--path", "3"], 1, "config"],
    [["a cat", "--in", "nowhere"], 1, "file"],
    [["a cat", "--model", "nowhere"], 1, "file"],
    [["--image", "nowhere.png"], 1, "processor"],
  ])("polyvec search %j ends with %i", async (more, code, kind) => {
    const result = await runPolyvecJson(...args(...more));
    expect([result.code, result.error]).toEqual([code, expect.objectContaining({ code: kind })]);
  });
});
