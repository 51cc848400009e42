import type { Embedder } from "../../embed/embedder.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { SEARCH_INSTRUCTIONS } from "../../model/folder/polyvec-config.ts";
import type { SearchView } from "../../search/vector-index.ts";
import { defineCommand, type CommandContext, type CommandModule } from "../command-module.ts";
import { oneOf, positiveInteger, wholeNumber } from "../option-values.ts";
import type { Collection, StoredPicture } from "../search/collection.ts";
import { VENDORS } from "../search/vendors.ts";
import { showDownload } from "../terminal/show-download.ts";
import { UsageError } from "../usage-error.ts";

const EMOJI = "emoji";
const VIEWS: Readonly<Record<"aggregate" | "single" | "all" | "maxsim", SearchView>> = {
  aggregate: "aggregate",
  single: "single",
  all: "all",
  maxsim: "maxSim",
};

/** `polyvec search [text]`: the pictures that fit a text, an image or both best, among the emoji of all vendors or in a folder. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("[text]", "what to look for, in words")
      .option("--image <file>", "an image to look for, alone or with the text")
      .option("--in <folder>", "folder of pictures to search, or emoji for the emoji of all vendors", EMOJI)
      .option("--k <count>", "how many to show", positiveInteger, 5)
      .option("--model <folder>", "model folder, a model that ships, or one of the hub (org/name[@revision]); default emoji-mini")
      .option(
        "--view <name>",
        "what is compared: the aggregate, a single path, all paths summed, or maxsim",
        oneOf("aggregate", "single", "all", "maxsim"),
        "aggregate",
      )
      .option("--path <index>", "the path that single compares, from 0; default 0", wholeNumber)
      .option("--weights <list>", "one weight per path for all and maxsim, such as 1,0,0.5,1", weightList)
      .option("--vendor <name>", `only emoji by this vendor: ${VENDORS.join(", ")}`, oneOf(...VENDORS))
      .option("--instruction <text>", "what the query is for; default as the model was trained")
      .option("--explain", "show where each hit stands by the aggregate and by each path alone"),
  async run(options, context, [text]) {
    if (text === undefined && options.image === undefined) {
      throw new UsageError({ message: 'there is nothing to look for: give a text ("happy cat"), --image photo.png, or both' });
    }
    if (options.path !== undefined && options.view !== "single") throw new UsageError({ message: "--path goes with --view single" });
    if (options.vendor !== undefined && options.in !== EMOJI) throw new UsageError({ message: "--vendor goes with the emoji" });
    const { loadModel } = await import("../../embed/load-model.ts");
    await using model = await loadModel(options.model, showDownload(context));
    const input = toInput(model, { text, image: options.image, instruction: options.instruction });
    const [query] = await model.embed([input], { signal: context.signal });
    if (query === undefined) return;
    const collection = await openCollection(options.in, model, context);
    const { findHits } = await import("../search/find-hits.ts");
    const { k, view, path, weights, vendor, explain = false } = options;
    const isWanted = (picture: StoredPicture): boolean => vendor === undefined || picture.vendor === vendor;
    const search = { k, view: VIEWS[view], ...(path !== undefined && { path }), ...(weights !== undefined && { weights }) };
    const hits = findHits(collection, query, { ...search, explain, isWanted });
    if (context.json) {
      await context.out.json({ query: input, view, model: model.name, searched: collection.index.size, hits });
    } else {
      const { printHits } = await import("../search/print-hits.ts");
      await context.out.line(printHits(hits));
    }
  },
});

function weightList(text: string): number[] {
  const weights = text.split(",").map(Number);
  if (text.trim() !== "" && weights.every(Number.isFinite)) return weights;
  throw new UsageError({
    message: `got "${text}" where numbers with commas between were expected, such as 1,0,0.5,1`,
    details: { argument: text },
  });
}

interface QueryOptions {
  readonly text: string | undefined;
  readonly image: string | undefined;
  readonly instruction: string | undefined;
}

/** The query with the instruction that the model knows for its kind. */
function toInput({ instructions }: Embedder, { text, image, instruction }: QueryOptions): EmbeddingInput {
  const kind = image === undefined ? "text" : text === undefined ? "image" : "both";
  const wording = instruction ?? instructions[SEARCH_INSTRUCTIONS[kind]];
  return {
    ...(image !== undefined && { image }),
    ...(text !== undefined && { text }),
    ...(wording !== undefined && { instruction: wording }),
  };
}

async function openCollection(place: string, model: Embedder, context: CommandContext): Promise<Collection> {
  if (place === EMOJI) return (await import("../search/emoji-collection.ts")).openEmoji(model, context);
  return (await import("../search/folder-collection.ts")).openFolder(place, model, context);
}
