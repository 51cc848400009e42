import { measurePeakMemory } from "../../src/engine/runtime/peak-memory.ts";
import { present } from "../../src/errors/families.ts";
import { openBaseModel } from "./base-model.ts";
import { openTrainer, TRAINING_VARIANTS } from "./training-steps.ts";

/** A process of its own: prints the bytes that two training steps of the kind named on the command line add at their peak. */
const variant = present(
  TRAINING_VARIANTS.find(({ name }) => name === process.argv[2]),
  "the kind of training step",
);
await using trainer = await openTrainer(await openBaseModel(), variant);
const { peakBytes } = await measurePeakMemory(async () => {
  await trainer.next();
  await trainer.next();
});
console.log(peakBytes);
