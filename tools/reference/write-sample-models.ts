/** Writes small model folders for check_model_folders.py: npx tsx tools/reference/write-sample-models.ts <folder>. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TINY_LORA, tinyModel } from "../../test/support/tiny-model.ts";
import { openModelFolder } from "../../src/model/folder/open-model-folder.ts";
import { saveModelFolder } from "../../src/model/folder/save-model-folder.ts";

const root = process.argv[2] ?? "runs/sample-models";
const texts = JSON.parse(await readFile("test/fixtures/tokenizer/texts.json", "utf8")) as string[];

for (const dtype of ["float32", "float16", "int8"] as const) {
  const path = join(root, dtype);
  await mkdir(root, { recursive: true });
  await saveModelFolder(path, tinyModel({ lora: TINY_LORA }), { dtype });
  await using model = await openModelFolder(path);
  const pixels = Uint8Array.from({ length: 3 * 40 * 24 }, (_, index) => (index * 7) % 256);
  const batch = await model.processor.processBatch([{ image: { width: 40, height: 24, data: pixels } }]);
  const expected = {
    texts: texts.map((text) => ({ text, ids: Array.from(model.processor.tokenizer.encode(text)) })),
    picture: { width: 40, height: 24, pixels: Array.from(pixels), patches: [...(batch.images?.inputs["pixelValues"]?.data ?? [])] },
    weights: Object.fromEntries(
      await Promise.all([...model.weights.shapes.keys()].map(async (name) => [name, (await model.weights.read(name)).data[0]] as const)),
    ),
  };
  await writeFile(join(path, "expected.json"), JSON.stringify(expected));
}
