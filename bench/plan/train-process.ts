/** A process of its own: takes the first steps of a case twice over and prints the seconds of each the second time, when all graphs are made, and the most memory it held, as JSON. */
import { loadEmojiCorpus } from "../../src/data/emoji/corpus.ts";
import { present } from "../../src/errors/families.ts";
import { prepareModel, trainableModel } from "../../src/train/prepare-model.ts";
import { openRecipeData } from "../../src/train/sources/recipe-source.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { processMemory } from "../backbones/process-memory.ts";
import { PLANNED_CASES, recipeOf } from "./planned-cases.ts";

/** What is asked for. */
export interface CaseRequest {
  readonly name: string;
  readonly steps: number;
  readonly threads: number;
}

/** What is told. */
export interface CaseResult {
  readonly seconds: readonly number[];
  /** Bytes. */
  readonly memory: number;
}

const { name, steps, threads } = JSON.parse(present(process.argv[2], "what to run")) as CaseRequest;
const { recipe, baseFolder } = await recipeOf(
  present(
    PLANNED_CASES.find((one) => one.name === name),
    name,
  ),
);
const data = await openRecipeData(recipe, () => loadEmojiCorpus());
const model = trainableModel(recipe, await prepareModel(recipe, { baseFolder, texts: data.texts }));
const seconds: number[] = [];
{
  await using trainer = await Trainer.create({ recipe, model, source: { batch: (step) => data.source.batch(step % steps) }, threads });
  for (let step = 0; step < 2 * steps; step++) {
    const start = performance.now();
    await trainer.next();
    if (step >= steps) seconds.push((performance.now() - start) / 1000);
  }
}
const result: CaseResult = { seconds, memory: processMemory().peak };
console.log(JSON.stringify(result));
