import { conceptsOf, type EmojiConcept, type EmojiDrawing } from "../../data/emoji/corpus.ts";
import { TEST_SETS } from "../../data/emoji/drawing-sets.ts";
import { queryInstruction, TARGET_IMAGE_INSTRUCTION } from "../../data/emoji/tasks/instructions.ts";
import type { TaskFamily } from "../../data/emoji/tasks/task-types.ts";
import { loadModel } from "../../embed/load-model.ts";
import type { Embedder } from "../../embed/embedder.ts";
import { present } from "../../errors/families.ts";
import { evenlySpaced } from "../../eval/evenly-spaced.ts";
import type { ReportSearch } from "../../eval/report/report-types.ts";
import type { EmbeddingInput } from "../../inputs/embedding-input.ts";
import { RandomStream } from "../../random/random-stream.ts";
import { VectorIndex } from "../../search/vector-index.ts";
import { showProgress } from "../evaluation/show-progress.ts";
import { threadsOf } from "../runs/run-context.ts";
import { pictureUri } from "./picture-uri.ts";
import type { ReproduceContext } from "./reproduce-context.ts";

/** The model that answers. */
export interface Searcher {
  /** Its id in the report. */
  readonly id: string;
  readonly folder: string;
}

const HITS = 6;
const TEXTS = ["happy cat", "a red fruit"];
/** The first of these that is among the test concepts is searched by its picture. */
const PICTURED = ["red apple", "cat face", "sunflower"];
/** Whose drawing is searched with. */
const QUERY_SET = "twemoji";

interface Query {
  readonly input: EmbeddingInput;
  /** What it shows, if it is a picture: its drawings are the right answers. */
  readonly concept?: EmojiConcept | undefined;
}

/**
 * Searches the unseen vendor's drawings with two texts and a picture of a concept that no training showed, by all paths.
 * @throws {AbortedError} when the context's signal fires.
 */
export async function exampleSearches({ id, folder }: Searcher, context: ReproduceContext): Promise<ReportSearch[]> {
  await using model = await loadModel(folder, threadsOf(context));
  const drawings = searchedDrawings(context);
  const index = await indexDrawings(drawings, model, context);
  const searches: ReportSearch[] = [];
  for (const query of queries(context)) {
    const [embedding] = await model.embed([query.input], { signal: context.signal });
    const view = model.pathCount === 1 ? "aggregate" : "all";
    const hits = index.search(present(embedding, "the query's embedding"), { k: HITS, view });
    searches.push({
      text: query.input.text ?? null,
      image: query.concept === undefined ? null : await pictureUri(pictureOf(query.concept)),
      instruction: query.input.instruction ?? null,
      model: id,
      view,
      hits: await Promise.all(hits.map(({ id: key, score }) => describeHit(present(drawings.get(key), key), score, query))),
    });
  }
  return searches;
}

/** One drawing of each concept, by a vendor that no training showed; by name. */
function searchedDrawings({ corpus, preset }: ReproduceContext): Map<string, EmojiDrawing> {
  const { concepts } = corpus;
  const wanted = new Set(evenlySpaced(concepts.length, preset.searchConcepts));
  const drawings = concepts.flatMap((concept) =>
    wanted.has(concept.index) || isAskedFor(concept) ? TEST_SETS.flatMap((set) => concept.drawings.get(set) ?? []) : [],
  );
  return new Map(drawings.map((drawing) => [`${drawing.set}/${drawing.concept.id}`, drawing]));
}

/** Whether a search would miss the concept if it were left out. */
function isAskedFor({ label, subgroup }: EmojiConcept): boolean {
  return PICTURED.includes(label) || subgroup === "cat face" || subgroup === "food fruit";
}

async function indexDrawings(
  drawings: ReadonlyMap<string, EmojiDrawing>,
  model: Embedder,
  context: ReproduceContext,
): Promise<VectorIndex> {
  const shown = showProgress(context, { label: "embed drawings to search in", unit: "drawings" });
  const inputs = [...drawings.values()].map(({ image }): EmbeddingInput => ({ image, instruction: TARGET_IMAGE_INSTRUCTION }));
  const onProgress = ({ done }: { readonly done: number }): void => shown.options.onProgress({ done, total: inputs.length });
  onProgress({ done: 0 });
  const set = await model.embedSet(inputs, { signal: context.signal, onProgress }).finally(shown.finish);
  const index = new VectorIndex({ pathCount: set.pathCount, dimensions: set.dimensions });
  index.add([...drawings.keys()], set);
  return index;
}

function queries({ corpus }: ReproduceContext): Query[] {
  const texts = TEXTS.map((text): Query => ({ input: { text, instruction: instructionOf("text-to-image") } }));
  const unseen = conceptsOf(corpus, "test");
  const concept = PICTURED.flatMap((label) => unseen.find((each) => each.label === label) ?? [])[0] ?? unseen[0];
  if (concept === undefined) return texts;
  return [...texts, { input: { image: pictureOf(concept), instruction: instructionOf("image-to-image") }, concept }];
}

function pictureOf(concept: EmojiConcept): EmojiDrawing["image"] {
  return present(concept.drawings.get(QUERY_SET), `${concept.label} by ${QUERY_SET}`).image;
}

function instructionOf(family: TaskFamily): string {
  return queryInstruction(family, { purpose: "evaluation", stream: new RandomStream(0) });
}

async function describeHit({ concept, set, image }: EmojiDrawing, score: number, query: Query): Promise<ReportSearch["hits"][number]> {
  const correct = query.concept === undefined ? null : query.concept.variantGroup === concept.variantGroup;
  return { label: concept.label, detail: set, score, image: await pictureUri(image), correct };
}
