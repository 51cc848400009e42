import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openShippedEmoji } from "../../src/cli/search/shipped-emoji.ts";
import { loadModel } from "../../src/embed/load-model.ts";
import { MODEL_FILES } from "../../src/model/folder/model-files.ts";

const MODELS = "models";
const withVectors = readdirSync(MODELS).filter((name) => readdirSync(join(MODELS, name)).includes(MODEL_FILES.search));

test(`the vectors that ship belong to their models and to the packages that are installed (${withVectors.join(", ") || "none ship"})`, async () => {
  for (const name of withVectors) {
    await using model = await loadModel(join(MODELS, name));
    expect(await openShippedEmoji(model), `${name}: run npx tsx tools/models/ship-vectors.ts models/${name} again`).toBeDefined();
  }
});
