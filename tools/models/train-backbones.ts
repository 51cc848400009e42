import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { ConfigError } from "../../src/errors/families.ts";
import { writeJsonAtomic } from "../../src/files/atomic-write.ts";

/**
 * Trains a checkpoint of random weights of every kind of backbone on the drawings of emoji, with two paths and a LoRA, by the command line:
 *
 *     npx tsx tools/models/train-backbones.ts runs/backbones 150
 *
 * Prints loss and P@1 within the batches of 16 (chance 6 %), means over the first and the last fifth of the steps. The weights are random and stay frozen, so
 * little can be learnt: drawings of one thing are to find each other, without augmentation.
 */
const [folder, steps = "150"] = process.argv.slice(2);
if (folder === undefined) throw new ConfigError({ message: "expected <folder> [steps]" });

/** Checkpoints that transformers saved, and the size their pictures are looked at. */
const BASES = [
  ["qwen2-vl", 56],
  ["llava-next-mistral", 56],
  ["llava-next-llama", 56],
  ["qwen3-vl", 64],
  ["idefics3", 64],
  ["smolvlm", 64],
] as const;

for (const [name, size] of BASES) console.log(await train(name, size));

async function train(name: string, size: number): Promise<string> {
  const file = join(folder as string, `${name}.json`);
  const out = join(folder as string, name);
  const others = ["classification", "text-to-image", "image-to-text", "grounding", "visual-questions"].map((family) => [family, 0] as const);
  await writeJsonAtomic(file, {
    name,
    seed: 1,
    model: {
      base: resolve(`test/fixtures/checkpoints/${name}`),
      imageSize: { minimum: size, maximum: size },
      maxTokens: 128,
      paths: { count: 2, prefixLength: 4 },
      lora: { rank: 16, alpha: 32, targetModules: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] },
    },
    data: { kind: "emoji-tasks", batchSize: 16, augment: false, mixture: { ...Object.fromEntries(others), "image-to-image": 1 } },
    objective: { temperature: 0.1, regulariser: { kind: "none" } },
    optimizer: { learningRate: 3e-3, warmUpSteps: 10, decay: "constant", clipNorm: 1 },
    steps: Number(steps),
    checkpointEverySteps: Number(steps),
  });
  await promisify(execFile)(process.execPath, ["--import", "tsx", "src/cli/main.ts", "train", file, "--out", out, "--resume"]);
  const logged = await loggedSteps(join(out, "metrics.jsonl"));
  const fifth = Math.floor(logged.length / 5);
  return `${name}: at first ${describe(logged.slice(0, fifth))}, at last ${describe(logged.slice(-fifth))}`;
}

interface LoggedStep {
  readonly type: string;
  readonly loss: number;
  readonly precision: number;
}

async function loggedSteps(file: string): Promise<LoggedStep[]> {
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  return lines.map((line) => JSON.parse(line) as LoggedStep).filter(({ type }) => type === "step");
}

function describe(steps: readonly LoggedStep[]): string {
  const mean = (key: "loss" | "precision"): number => steps.reduce((sum, step) => sum + step[key], 0) / steps.length;
  return `loss ${mean("loss").toFixed(2)}, P@1 ${(100 * mean("precision")).toFixed(0)} %`;
}
