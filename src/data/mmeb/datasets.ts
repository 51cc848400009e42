/** The four kinds of task in MMEB: classification, visual questions, retrieval, visual grounding. */
export const META_TASKS = ["CLS", "VQA", "RET", "VG"] as const;
/** A kind of task in MMEB. */
export type MetaTask = (typeof META_TASKS)[number];

/** Whether a dataset's training part is in MMEB's training list. */
export type Distribution = "IND" | "OOD";

/**
 * How the reference lays out a dataset's texts:
 * - `image-to-label`: an image is asked about, texts answer it (classification, captions);
 * - `question`: the same with an instruction that stands on a line of its own (visual questions);
 * - `text-to-image`: a text asks for an image;
 * - `image-to-image`: an image and a text ask for an image (grounding, composed retrieval).
 */
export type TextLayout = "image-to-label" | "question" | "text-to-image" | "image-to-image";

/** One of the 36 datasets. */
export interface MmebDataset {
  /** As its folder on the hub is called. */
  readonly name: string;
  readonly metaTask: MetaTask;
  readonly distribution: Distribution;
  readonly layout: TextLayout;
}

const row = (metaTask: MetaTask, distribution: Distribution, layout: TextLayout, ...names: readonly string[]): MmebDataset[] =>
  names.map((name) => ({ name, metaTask, distribution, layout }));

/**
 * The 36 datasets of MMEB: 20 in distribution, 16 out of it.
 * @source Jiang et al. 2025 (VLM2Vec), table 1; layouts as in the reference's `experiments/public/eval/image.yaml`.
 */
export const MMEB_DATASETS: readonly MmebDataset[] = [
  ...row("CLS", "IND", "image-to-label", "ImageNet-1K", "N24News", "HatefulMemes", "VOC2007", "SUN397"),
  ...row("CLS", "OOD", "image-to-label", "Place365", "ImageNet-A", "ImageNet-R", "ObjectNet", "Country211"),
  ...row("VQA", "IND", "question", "OK-VQA", "A-OKVQA", "DocVQA", "InfographicsVQA", "ChartQA", "Visual7W"),
  ...row("VQA", "OOD", "question", "ScienceQA", "VizWiz", "GQA", "TextVQA"),
  ...row("RET", "IND", "text-to-image", "VisDial"),
  ...row("RET", "IND", "image-to-image", "CIRR"),
  ...row("RET", "IND", "text-to-image", "VisualNews_t2i"),
  ...row("RET", "IND", "image-to-label", "VisualNews_i2t"),
  ...row("RET", "IND", "text-to-image", "MSCOCO_t2i"),
  ...row("RET", "IND", "image-to-label", "MSCOCO_i2t"),
  ...row("RET", "IND", "image-to-image", "NIGHTS"),
  ...row("RET", "IND", "text-to-image", "WebQA"),
  ...row("RET", "OOD", "image-to-image", "FashionIQ"),
  ...row("RET", "OOD", "text-to-image", "Wiki-SS-NQ"),
  ...row("RET", "OOD", "image-to-image", "OVEN"),
  ...row("RET", "OOD", "text-to-image", "EDIS"),
  ...row("VG", "IND", "image-to-image", "MSCOCO"),
  ...row("VG", "OOD", "image-to-image", "RefCOCO", "RefCOCO-Matching", "Visual7W-Pointing"),
];

const BY_NAME: ReadonlyMap<string, MmebDataset> = new Map(MMEB_DATASETS.map((dataset) => [dataset.name, dataset]));

/** The dataset of that name; undefined if there is none. */
export function mmebDataset(name: string): MmebDataset | undefined {
  return BY_NAME.get(name);
}
