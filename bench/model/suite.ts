import type { BenchSuite, SuiteContext, SuiteSection } from "../suite.ts";
import { openBaseModel, type BaseModel } from "./base-model.ts";
import { embeddingSection } from "./embedding-sections.ts";
import { pictureInputs, textInputs } from "./inputs.ts";
import { throughputSection } from "./throughput-section.ts";
import { withTimedModels } from "./timed-models.ts";
import { trainingSection } from "./training-section.ts";

/** Inputs of a batch: what `embed` takes at a time unless told otherwise. */
const BATCH = 32;

/** One path costs what a single-path model costs, whatever is embedded; shared paths share the whole prompt. */
const BARS = { "one path of parallel 4": 1.05, "one path of shared 4": 1.05, "shared 4": 1.25 } as const;

/** Parallel paths share the picture, so that four cost well under four times as much; of a text they share nothing. */
const PICTURE_BARS = { ...BARS, "parallel 4": 3.2 } as const;

type Part = "pictures" | "texts" | "files" | "training";

const PARTS: readonly Part[] = ["pictures", "texts", "files", "training"];

async function embeddingSections(
  base: BaseModel,
  parts: ReadonlySet<Part>,
  ...[context]: readonly [SuiteContext]
): Promise<SuiteSection[]> {
  const { measure, say } = context;
  return withTimedModels(base, async (models) => {
    const sections: SuiteSection[] = [];
    const title = `ms per input, batches of ${BATCH}`;
    if (parts.has("pictures")) {
      say("embedding pictures");
      const pictures = { title: `pictures of 64 x 64, ${title}`, inputs: pictureInputs(BATCH), bars: PICTURE_BARS, measure };
      sections.push(await embeddingSection(models, pictures));
    }
    if (parts.has("texts")) {
      say("embedding texts");
      const texts = { title: `texts, ${title}`, inputs: textInputs(base.labels, BATCH), bars: BARS, measure };
      sections.push(await embeddingSection(models, texts));
    }
    if (parts.has("files")) {
      say("embedding PNG files");
      sections.push(await throughputSection(models, { batchSize: BATCH, measure }));
    }
    return sections;
  });
}

export const suite: BenchSuite = {
  summary: "what paths cost: embedding and training beside the single-path model (SSC)",
  parts: PARTS,
  async run(context) {
    const base = await openBaseModel();
    context.say(`weights: ${base.origin}`);
    const parts = new Set(PARTS.filter((part) => context.only === undefined || context.only === part));
    const sections = await embeddingSections(base, parts, context);
    return parts.has("training") ? [...sections, await trainingSection(base, context)] : sections;
  },
};
