import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { missedBars } from "../report.ts";
import { LLAVA_NEXT_7B, QWEN2_VL_2B, QWEN2_VL_7B } from "./checkpoint-sizes.ts";
import { checkFreeDisk, withScratch } from "./scratch-folder.ts";
import { suite } from "./suite.ts";
import { checkpointBytes } from "./write-checkpoint.ts";

const scratchFolders = async (): Promise<string[]> => (await readdir(tmpdir())).filter((name) => name.startsWith("polyvec-backbones-"));

describe("bench/backbones", () => {
  test("runs as a whole at a tiny size, and leaves nothing behind", async () => {
    const before = await scratchFolders();
    const said: string[] = [];
    const sections = await suite.run({ measure: { rounds: 1 }, only: "tiny", say: (text) => said.push(text) });
    expect(sections.map(({ title }) => title)).toEqual([
      expect.stringMatching(/^Qwen2-VL, tiny.* 187 tokens/),
      expect.stringMatching(/^LLaVA-1.6, tiny.* 618 tokens/),
      expect.stringMatching(/GradCache step/),
      expect.stringMatching(/^emoji-mini, exported/),
    ]);
    expect(sections.flatMap(missedBars)).toEqual([]);
    expect(sections[0]?.measurements.map(({ name }) => name)).toEqual([
      "float32",
      "int8",
      "float32, weights as they lie",
      "int8, weights as they lie",
    ]);
    expect(sections[0]?.comparisons?.map(({ name, baseline }) => [name, baseline])).toEqual([
      ["int8", "float32"],
      ["float32, weights as they lie", "float32"],
      ["int8, weights as they lie", "int8"],
    ]);
    expect(sections[0]?.facts).toMatchObject({
      "float32, memory": expect.stringMatching(/GB at most/) as unknown,
      "int8, weights as they lie, until the first embedding": expect.stringMatching(/s to open, then .* s$/) as unknown,
    });
    expect(said).toContain("Qwen2-VL, tiny: embedding, int8");
    expect((await scratchFolders()).filter((name) => !before.includes(name))).toEqual([]);
  }, 300_000);

  test("checkpoints are as large as the published ones, less what embedding does not need", () => {
    expect(checkpointBytes(QWEN2_VL_2B, "float32") / 4).toBeCloseTo(2_208_985_600, -6);
    expect(checkpointBytes(QWEN2_VL_7B, "float32") / 4).toBeCloseTo(8_291_375_616 - 152_064 * 3584, -6);
    expect(checkpointBytes(LLAVA_NEXT_7B, "float32") / 4).toBeGreaterThan(7.3e9);
  });

  test("an interruption takes the scratch folder away", async () => {
    const module = JSON.stringify(new URL("scratch-folder.ts", import.meta.url).href);
    const script = `import { writeFileSync } from "node:fs"; import { withScratch } from ${module};
      await withScratch(async ({ folder }) => { writeFileSync(folder + "/weights", "x"); console.log(folder); await new Promise((done) => setTimeout(done, 60_000)); });`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await once(child.stdout, "data")) as [Buffer];
    const folder = said.toString().trim();
    expect(await readdir(folder)).toEqual(["weights"]);
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([null, "SIGINT"]);
    await expect(readdir(folder)).rejects.toMatchObject({ code: "ENOENT" });
  }, 60_000);

  test("a disk that is too small is told before anything is written", async () => {
    await withScratch(async ({ folder }) => {
      await checkFreeDisk(folder, 1000);
      await expect(checkFreeDisk(folder, 1e18)).rejects.toMatchObject({ code: "file", details: { errno: "ENOSPC" } });
    });
  });
});
