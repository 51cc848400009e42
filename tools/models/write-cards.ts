import { basename, join, resolve } from "node:path";
import { sizeOf } from "../../src/engine/tensor/tensor.ts";
import { ConfigError } from "../../src/errors/families.ts";
import { readReport } from "../../src/eval/report/write-report.ts";
import { writeFileAtomic } from "../../src/files/atomic-write.ts";
import { MODEL_FILES } from "../../src/model/folder/model-files.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { modelCard } from "./model-card.ts";

/**
 * Writes the README.md of model folders from reports that scored them on the test split:
 *
 *     npx tsx tools/models/write-cards.ts models/emoji-base=runs/scores-base/report.json models/emoji-mini=runs/reproduce-full/report.json#pdf
 *
 * What stands behind # is the model's id in the report; its main model if there is nothing.
 */
for (const argument of process.argv.slice(2)) {
  const [folder, file, id] = argument.split(/[=#]/);
  if (folder === undefined || file === undefined) {
    throw new ConfigError({ message: `got ${argument}, expected <model folder>=<report.json>, with #<model id> where it is not the main one` });
  }
  await using model = await openModelFolder(folder);
  const { shapes } = model.weights;
  const card = modelCard({
    name: basename(resolve(folder)),
    polyvec: model.polyvec,
    parameters: [...shapes.values()].reduce((sum, shape) => sum + sizeOf(shape), 0),
    dimensions: model.backbone.decoder.hiddenSize,
    report: await readReport(file),
    model: id,
  });
  await writeFileAtomic(join(folder, MODEL_FILES.card), card);
}
