import type { FloatTensor } from "../../src/engine/tensor/tensor.ts";
import { queryInstruction, TARGET_IMAGE_INSTRUCTION } from "../../src/data/emoji/tasks/instructions.ts";
import type { TaskFamily } from "../../src/data/emoji/tasks/task-types.ts";
import { ConfigError } from "../../src/errors/families.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { SEARCH_INSTRUCTIONS } from "../../src/model/folder/polyvec-config.ts";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";
import { RandomStream } from "../../src/random/random-stream.ts";

/**
 * Stores the model of a finished run as it ships, smaller and with the instructions that searches use:
 *
 *     npx tsx tools/models/ship-model.ts runs/base-2/model models/emoji-base float16
 */
const [from, to, dtype = "float16"] = process.argv.slice(2);
if (from === undefined || to === undefined || (dtype !== "float16" && dtype !== "int8" && dtype !== "float32")) {
  throw new ConfigError({ message: "expected <model folder> <new folder> [float32|float16|int8]" });
}
await using model = await openModelFolder(from);
const weights = new Map<string, FloatTensor>();
for (const name of model.weights.shapes.keys()) weights.set(name, await model.weights.read(name));
const { backbone, processor, polyvec, lora } = model;
const { images } = processor;
const instructions = { ...searchInstructions(), ...polyvec.instructions };
await saveModelFolder(
  to,
  { backbone, images, polyvec: { ...polyvec, instructions }, tokenizer: model.basePath ?? model.path, weights, lora },
  { dtype },
);

/** The wordings of evaluations: the model has seen them in training. */
function searchInstructions(): Record<string, string> {
  const wording = (family: TaskFamily): string => queryInstruction(family, { purpose: "evaluation", stream: new RandomStream(0) });
  return {
    [SEARCH_INSTRUCTIONS.text]: wording("text-to-image"),
    [SEARCH_INSTRUCTIONS.image]: wording("image-to-image"),
    [SEARCH_INSTRUCTIONS.target]: TARGET_IMAGE_INSTRUCTION,
  };
}
