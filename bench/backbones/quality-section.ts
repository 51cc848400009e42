import { join } from "node:path";
import { readEmojiWords } from "../../src/data/emoji/concepts.ts";
import { findPicturePackage } from "../../src/data/pictures/picture-package.ts";
import { findModel, loadModel } from "../../src/embed/load-model.ts";
import { exportModelFolder, type ExportOptions } from "../../src/model/folder/export-model-folder.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import type { SuiteContext, SuiteSection, Verdict } from "../suite.ts";
import { cosineOf } from "./cosine.ts";
import type { Scratch } from "./scratch-folder.ts";

/** A model that was trained, small as it is: random weights say nothing about what rounding loses. */
const MODEL = "emoji-mini";

const TEXTS = 200;

/** The least mean cosine to float32 that int8 must keep. */
const LEAST_COSINE = 0.99;

/** How near the embeddings of an exported model are to those of float32. */
export async function qualitySection({ folder: root }: Scratch, context: SuiteContext): Promise<SuiteSection> {
  context.say(`${MODEL}: exported in each dtype`);
  const words = await readEmojiWords(await findPicturePackage("emojibase-data"));
  const inputs = words.slice(0, TEXTS).map(({ label }) => ({ text: label }));
  const embed = async (dtype: ExportOptions["dtype"]): Promise<readonly Float32Array[]> => {
    const folder = join(root, `${MODEL}-${dtype}`);
    await using source = await openModelFolder(await findModel(MODEL));
    await exportModelFolder(source, folder, { dtype, merge: true, onnx: false });
    await using model = await loadModel(folder);
    return (await model.embed(inputs)).map(({ aggregate }) => aggregate);
  };
  const plain = await embed("float32");
  const verdicts: Verdict[] = [];
  const facts: Record<string, string> = {};
  for (const dtype of ["float16", "int8", "int4"] as const) {
    const cosines = (await embed(dtype)).map((vector, at) => cosineOf(vector, plain[at] as Float32Array));
    const [mean, least] = [cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length, Math.min(...cosines)];
    const got = `${mean.toFixed(4)} on average, ${least.toFixed(4)} at least`;
    if (dtype === "int8")
      verdicts.push({ name: "int8, cosine to float32", got, bar: `>= ${LEAST_COSINE} on average`, isMet: mean >= LEAST_COSINE });
    else facts[`${dtype}, cosine to float32`] = got;
  }
  return { title: `${MODEL}, exported: ${TEXTS} labels of emoji`, measurements: [], verdicts, facts };
}
