import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { ConfigError } from "../../src/errors/families.ts";
import { readReport } from "../../src/eval/report/write-report.ts";
import { writeJsonAtomic } from "../../src/files/atomic-write.ts";

/**
 * Trains recipes at several learning rates, with the same steps, batches and data order, and scores each on the validation split:
 *
 *     npx tsx tools/models/tune-rates.ts runs/tune 120 32 recipes/emoji-ssc.json,recipes/emoji-pdf.json 2e-4,5e-4,1e-3
 *
 * The arguments: a folder, steps, queries in a batch, recipes, rates. A rate may carry the cosine that paths are calibrated to: `1e-4@0.95`. Prints a line for each: the mean P@1 of its aggregate, seen and unseen concepts.
 * What is there already is not trained again.
 */
const [folder, steps, batchSize, recipes, rates] = process.argv.slice(2);
if (folder === undefined || recipes === undefined || rates === undefined) {
  throw new ConfigError({ message: "expected <folder> <steps> <batch size> <recipe,recipe> <rate,rate>" });
}
for (const recipe of recipes.split(",")) {
  for (const setting of rates.split(",")) {
    const [rate, cosine] = setting.split("@").map(Number);
    console.log(await score(recipe, { learningRate: rate as number, targetCosine: cosine }));
  }
}

interface RawRecipe {
  readonly name: string;
  readonly model: { readonly base: string; readonly paths: object };
  readonly data: object;
  readonly objective: object;
  readonly optimizer: object;
}

interface Setting {
  readonly learningRate: number;
  /** The recipe's own if not given. */
  readonly targetCosine: number | undefined;
}

async function score(file: string, { learningRate, targetCosine }: Setting): Promise<string> {
  const raw = JSON.parse(await readFile(file, "utf8")) as RawRecipe;
  const name = `${raw.name}-${learningRate}${targetCosine === undefined ? "" : `-${targetCosine}`}`;
  const paths = { ...raw.model.paths, ...(targetCosine === undefined ? {} : { targetCosine }) };
  const place = join(folder as string, name);
  const [count, batch] = [Number(steps), Number(batchSize)];
  await writeJsonAtomic(`${place}.json`, {
    ...raw,
    name,
    model: { ...raw.model, base: resolve(dirname(file), raw.model.base), paths },
    data: { ...raw.data, batchSize: batch, canvasBatchSize: Math.ceil(batch / 2) },
    optimizer: { ...raw.optimizer, learningRate, warmUpSteps: Math.ceil(count / 10) },
    steps: count,
  });
  await polyvec("train", `${place}.json`, "--out", place, "--resume");
  await polyvec("eval", join(place, "model"), "--bench", "emoji", "--split", "validation", "--out", `${place}-scores`);
  const { models, main } = await readReport(join(`${place}-scores`, "report.json"));
  const { all, seen, unseen } = models.find(({ id }) => id === main)?.scores.aggregate.means ?? {};
  const percent = (mean: { readonly value: number } | null | undefined): string => ((mean?.value ?? Number.NaN) * 100).toFixed(1);
  return `${name}: ${percent(all)} (seen ${percent(seen)}, unseen ${percent(unseen)})`;
}

async function polyvec(...args: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, ["--import", "tsx", "src/cli/main.ts", ...args]);
}
