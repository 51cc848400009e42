import { join } from "node:path";
import type { CheckpointSize } from "../backbones/checkpoint-sizes.ts";
import { QWEN2_VL_2B, QWEN2_VL_TINY } from "../backbones/checkpoint-sizes.ts";
import { withScratch } from "../backbones/scratch-folder.ts";
import { writeCheckpoint } from "../backbones/write-checkpoint.ts";
import type { BenchSuite, SuiteSection } from "../suite.ts";
import { pipelineSection, type PipelineCase } from "./pipeline-section.ts";
import type { PictureSet } from "./picture-files.ts";

/** The least share of the model's own throughput that embedding from files is to keep. */
const BAR = 0.8;
const BATCH = 32;
const EMOJI_MINI = join(import.meta.dirname, "../../models/emoji-mini");

/** Layers that are left of the tower's 32 and the decoder's 28: the fewer, the more making inputs ready weighs. */
const LAYERS = { tower: 2, decoder: 2 };
/** Tokens that are left of 151,936: what is not looked up takes no time. */
const VOCABULARY = 2048;

/** Qwen2-VL-2B's sizes with few layers. */
const CUT_2B: CheckpointSize = {
  name: `Qwen2-VL-2B cut to ${LAYERS.tower} + ${LAYERS.decoder} layers`,
  config: {
    ...QWEN2_VL_2B.config,
    num_hidden_layers: LAYERS.decoder,
    vocab_size: VOCABULARY,
    vision_config: { ...(QWEN2_VL_2B.config["vision_config"] as object), depth: LAYERS.tower },
  },
  preprocessor: QWEN2_VL_2B.preprocessor,
};

/** A part: pictures for the small model that ships, or for a made-up one. */
interface Part {
  readonly size?: CheckpointSize;
  readonly batchSize: number;
  readonly bar?: number;
  readonly pictures: readonly PictureSet[];
}

const PARTS: Readonly<Record<string, Part>> = {
  "emoji-mini": {
    batchSize: BATCH,
    bar: BAR,
    pictures: [
      { format: "png", side: 64, count: 256 },
      { format: "png", side: 64, count: 256, zipped: true },
      { format: "jpeg", side: 336, count: 96 },
      { format: "jpeg", side: 672, count: 96 },
      { format: "png", side: 672, count: 96 },
    ],
  },
  "qwen2-vl-2b-cut": {
    size: CUT_2B,
    batchSize: 8,
    bar: BAR,
    pictures: [
      { format: "jpeg", side: 336, count: 16 },
      { format: "jpeg", side: 336, count: 16, zipped: true },
      { format: "png", side: 672, count: 8 },
    ],
  },
};

/** The same at a size that takes seconds, without bars. */
const TINY: Part = {
  size: QWEN2_VL_TINY,
  batchSize: 8,
  pictures: [
    { format: "png", side: 64, count: 40 },
    { format: "jpeg", side: 96, count: 16, zipped: true },
  ],
};

/** A round takes seconds. */
const ROUNDS = 5;

export const suite: BenchSuite = {
  summary: "what is left of the model's throughput when pictures come from files: decoding, tokens and patches beside the model",
  parts: [...Object.keys(PARTS), "tiny"],
  run: ({ measure, only, say }) =>
    withScratch(async ({ folder }) => {
      const parts =
        only === "tiny" ? [TINY] : Object.entries(PARTS).flatMap(([name, part]) => (only === undefined || only === name ? [part] : []));
      const sections: SuiteSection[] = [];
      for (const [at, { size, pictures, ...part }] of parts.entries()) {
        const place = join(folder, String(at));
        const model = size === undefined ? { name: "emoji-mini", folder: EMOJI_MINI } : { name: size.name, folder: join(place, "model") };
        if (size !== undefined) {
          say(`${size.name}: writing random weights`);
          await writeCheckpoint(model.folder, size, "float32");
        }
        for (const set of pictures) {
          say(`${model.name}: ${set.count} pictures of ${set.side} x ${set.side}`);
          const one: PipelineCase = { model, pictures: set, ...part };
          sections.push(await pipelineSection(one, place, { rounds: ROUNDS, warmups: 1, ...measure }));
        }
      }
      return sections;
    }),
};
