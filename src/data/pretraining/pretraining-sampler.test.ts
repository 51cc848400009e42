import { describe, expect, test } from "vitest";
import { fingerprint } from "../../../test/support/data/fingerprint.ts";
import { ConfigError } from "../../errors/families.ts";
import type { RawImage } from "../../inputs/embedding-input.ts";
import { conceptsOf } from "../emoji/corpus.ts";
import { makeSyntheticCorpus } from "../emoji/synthetic-corpus.ts";
import type { IconCorpus } from "../icons/icon-corpus.ts";
import { PretrainingSampler, type PretrainingBatch, type PretrainingSamplerOptions } from "./pretraining-sampler.ts";

const corpus = makeSyntheticCorpus({ concepts: 100, size: 16 });
const training = conceptsOf(corpus, "train");
const icons: IconCorpus = {
  size: 16,
  skipped: [],
  concepts: corpus.concepts.slice(0, 30).map((concept, index) => ({
    label: index === 0 ? (training[0]?.label as string) : `sketchy ${concept.label}`,
    tags: ["sketch"],
    drawings: new Map([...concept.drawings].slice(0, 1 + (index % 2)).map(([set, { image, alpha }]) => [set, { image, alpha }])),
  })),
};

function sampler(options: Partial<PretrainingSamplerOptions> = {}): PretrainingSampler {
  return new PretrainingSampler(corpus, icons, { seed: 3, batchSize: 12, ...options });
}

function batches(options: Partial<PretrainingSamplerOptions>, count: number): PretrainingBatch[] {
  return Array.from({ length: count }, (_, step) => sampler(options).batch(step));
}

describe("PretrainingSampler", () => {
  test("gives the same batch for a step, whatever was drawn before", () => {
    const shared = sampler();
    const backwards = [5, 4, 3, 2, 1, 0].map((step) => shared.batch(step)).reverse();
    expect(backwards.map(fingerprint)).toEqual(batches({}, 6).map(fingerprint));
  });

  test("mixes captions and pairs in their share; pictures of a batch are of one size", () => {
    const drawn = batches({ batchSize: 4 }, 60);
    expect(drawn.filter((batch) => batch.kind === "caption").length).toBeGreaterThan(15);
    expect(drawn.filter((batch) => batch.kind === "contrastive").length).toBeGreaterThan(15);
    for (const batch of drawn) {
      const inputs =
        batch.kind === "caption"
          ? batch.examples.map(({ input }) => input)
          : batch.examples.flatMap(({ query, positive }) => [query, positive]);
      const widths = new Set(inputs.flatMap(({ image }) => (image === undefined ? [] : [(image as RawImage).width])));
      expect(widths.size).toBe(1);
    }
    expect(batches({ captionShare: 1, batchSize: 2 }, 10).every((batch) => batch.kind === "caption")).toBe(true);
  });

  test("writes captions of training concepts and icons only", () => {
    const labels = [...training, ...icons.concepts].map((item) => item.label);
    const subgroups = training.map((concept) => concept.subgroup);
    const colours = ["red", "green", "blue", "purple", "brown", "pink", "orange"];
    const captions = batches({ captionShare: 1 }, 20).flatMap((batch) => (batch.kind === "caption" ? batch.examples : []));
    expect(captions).toHaveLength(20 * 12);
    expect(captions.every(({ input }) => input.instruction !== undefined)).toBe(true);
    const names = captions.flatMap(({ output }) => output.split("; ").map((part) => part.split(":")[0]));
    expect(names.filter((name) => ![...labels, ...subgroups, ...colours].includes(name as string))).toEqual([]);
  });

  test("pairs no two things of one key in a batch; an icon named like an emoji has its key", () => {
    const pairs = batches({ captionShare: 0, iconShare: 0.5 }, 30);
    const keys = pairs.map((batch) => (batch.kind === "contrastive" ? batch.examples.map((example) => example.positiveKey) : []));
    for (const batchKeys of keys) expect(new Set(batchKeys).size).toBe(12);
    const iconKeys = new Set(keys.flat().filter((key) => key.startsWith("icon ")));
    expect(iconKeys.size).toBeGreaterThan(20);
    expect(iconKeys.has(`icon ${training[0]?.label}`)).toBe(false);
    expect(new Set(pairs.map((batch) => batch.kind === "contrastive" && batch.task))).toEqual(
      new Set(["image-to-image", "image-to-text", "text-to-image"]),
    );
  });

  test("does without icons", () => {
    const batch = new PretrainingSampler(corpus, undefined, { seed: 1, batchSize: 8, captionShare: 0 }).batch(0);
    expect(batch.kind === "contrastive" && batch.examples.every((example) => !example.positiveKey.startsWith("icon"))).toBe(true);
  });

  test.each([[{ captionShare: 1.5 }], [{ canvasShare: -0.1 }], [{ iconShare: Number.NaN }], [{ sets: ["openmoji"] as const }]])(
    "refuses %j",
    (options) => {
      expect(() => sampler(options)).toThrow(ConfigError);
    },
  );
});
