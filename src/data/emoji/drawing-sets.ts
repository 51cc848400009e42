/** Who designed a drawing. Drawings of one vendor share a design, whatever the technique: they are never a pair "across vendors". */
export type Vendor = "noto" | "twemoji" | "fluent" | "openmoji" | "fxemoji" | "streamline";

/** A set of drawings. */
export type DrawingSetName =
  "noto" | "twemoji" | "fluent-3d" | "fluent-flat" | "openmoji" | "fluent-contrast" | "noto-v1" | "fxemoji" | "streamline";

/** A folder of files named by code point. */
export interface DrawingFiles {
  readonly folder: string;
  readonly extension: ".svg" | ".webp";
}

/** What a set of drawings is and where it comes from. */
export interface DrawingSet {
  readonly name: DrawingSetName;
  readonly vendor: Vendor;
  /** The package that holds the pictures. */
  readonly package: string;
  /**
   * `main`: every concept has it; `extra`: more drawings for training where there are any; `test`: as `main`, but never seen in training and
   * validation.
   */
  readonly role: "main" | "extra" | "test";
  /** How its pictures are found: by code point, by name (of the label, a shortcode or another package), or as files named by code point. */
  readonly lookup: "characters" | "names" | DrawingFiles;
  readonly licence: string;
}

/** All sets of drawings, the five that define the corpus first. */
export const DRAWING_SETS: readonly DrawingSet[] = [
  { name: "noto", vendor: "noto", package: "@iconify-json/noto", role: "main", lookup: "characters", licence: "Apache-2.0" },
  { name: "twemoji", vendor: "twemoji", package: "@iconify-json/twemoji", role: "main", lookup: "characters", licence: "CC-BY-4.0" },
  {
    name: "fluent-3d",
    vendor: "fluent",
    package: "@lobehub/fluent-emoji-3d",
    role: "main",
    lookup: { folder: "assets", extension: ".webp" },
    licence: "MIT",
  },
  { name: "fluent-flat", vendor: "fluent", package: "@iconify-json/fluent-emoji-flat", role: "main", lookup: "characters", licence: "MIT" },
  {
    name: "openmoji",
    vendor: "openmoji",
    package: "openmoji",
    role: "test",
    lookup: { folder: "color/svg", extension: ".svg" },
    licence: "CC-BY-SA-4.0",
  },
  {
    name: "fluent-contrast",
    vendor: "fluent",
    package: "@iconify-json/fluent-emoji-high-contrast",
    role: "extra",
    lookup: "characters",
    licence: "MIT",
  },
  { name: "noto-v1", vendor: "noto", package: "@iconify-json/noto-v1", role: "extra", lookup: "names", licence: "Apache-2.0" },
  { name: "fxemoji", vendor: "fxemoji", package: "@iconify-json/fxemoji", role: "extra", lookup: "names", licence: "Apache-2.0" },
  {
    name: "streamline",
    vendor: "streamline",
    package: "@iconify-json/streamline-emojis",
    role: "extra",
    lookup: "names",
    licence: "CC-BY-4.0",
  },
];

/** Sets in black and white: no use where colours are asked for. */
export const COLOURLESS_SETS: readonly DrawingSetName[] = ["fluent-contrast"];
/** The sets a model may be trained on. */
export const TRAINING_SETS: readonly DrawingSetName[] = DRAWING_SETS.filter((set) => set.role !== "test").map((set) => set.name);
/** The sets that have a drawing of every concept and may be seen in training. */
export const KNOWN_SETS: readonly DrawingSetName[] = DRAWING_SETS.filter((set) => set.role === "main").map((set) => set.name);
/** The sets kept for the test: unseen vendors. */
export const TEST_SETS: readonly DrawingSetName[] = DRAWING_SETS.filter((set) => set.role === "test").map((set) => set.name);
