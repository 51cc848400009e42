import { beforeAll, describe, expect, test } from "vitest";
import { ConfigError } from "../../../errors/families.ts";
import type { EmbeddingInput, RawImage } from "../../../inputs/embedding-input.ts";
import { RandomStream } from "../../../random/random-stream.ts";
import { thrownBy } from "../../../../test/support/thrown-by.ts";
import { fingerprint } from "../../../../test/support/data/fingerprint.ts";
import { COLOUR_NAMES } from "../../images/dominant-colour.ts";
import { conceptsOf, type EmojiConcept, type EmojiCorpus } from "../corpus.ts";
import { makeSyntheticCorpus } from "../synthetic-corpus.ts";
import { pickOthers } from "./canvas-scene.ts";
import { buildEvaluationTasks } from "./evaluation-tasks.ts";
import { TASK_FAMILIES, type EvaluationTask, type TaskFamily } from "./task-types.ts";
import { TrainingSampler, type TrainingBatch, type TrainingSamplerOptions } from "./training-sampler.ts";

let corpus: EmojiCorpus;
beforeAll(() => {
  corpus = makeSyntheticCorpus({ concepts: 200, size: 32 });
});

function build(split: "validation" | "test", seed = 1): EvaluationTask[] {
  return buildEvaluationTasks(corpus, { split, seed, candidatesPerRow: 12, queriesPerTask: 40 });
}

function taskNamed(tasks: readonly EvaluationTask[], name: string): EvaluationTask {
  const task = tasks.find((other) => other.name === name);
  expect(task, name).toBeDefined();
  return task as EvaluationTask;
}

function pixels(input: EmbeddingInput): string {
  return fingerprint((input.image as RawImage).data);
}

/** The concept a label belongs to. */
function conceptNamed(label: string): EmojiConcept {
  return corpus.concepts.find((concept) => concept.label === label) as EmojiConcept;
}

/** What a question may be answered with, worked out from the names on the canvas alone. */
function rightAnswers(question: string, scene: readonly string[]): string[] {
  const place = ["top left", "top right", "bottom left", "bottom right"].findIndex((name) => question.includes(`at the ${name}`));
  const named = scene.findIndex((label) => question.includes(` the ${label}`));
  const name = scene[named] as string;
  if (question.startsWith("What is drawn at")) return [scene[place] as string];
  if (question.startsWith("Which group")) return [conceptNamed(scene[place] as string).subgroup];
  if (question.startsWith("How often")) {
    const times = scene.filter((label) => label === name).length;
    return [`${name}, ${["never", "once", "twice", "three times", "four times"][times]}`];
  }
  if (question.startsWith("Which colour")) return COLOUR_NAMES.map((colour) => `${name}, mostly ${colour}`);
  if (question.startsWith("What is drawn")) {
    const asked = { "left of": -1, "right of": 1, above: -2, below: 2 }[question.match(/left of|right of|above|below/)?.[0] as "above"];
    return [scene[named + asked] as string];
  }
  const subgroups = scene.map((label) => conceptNamed(label).subgroup);
  return scene.filter((_, index) => subgroups.filter((subgroup) => subgroup === subgroups[index]).length === 1);
}

describe("buildEvaluationTasks", () => {
  test("gives every family over seen and unseen concepts, the same every time", () => {
    const tasks = build("test");
    expect(tasks.map((task) => task.name)).toEqual([
      ...TASK_FAMILIES.map((family) => `${family}/seen`),
      ...TASK_FAMILIES.map((family) => `${family}/unseen`),
    ]);
    expect(tasks.every((task) => task.vendor === "openmoji" && task.rows.length === task.queries.length && task.rows.length > 20)).toBe(
      true,
    );
    expect(fingerprint(build("test"))).toBe(fingerprint(tasks));
    expect(fingerprint(build("test", 2))).not.toBe(fingerprint(tasks));
  });

  test("gives every row one right answer among different candidates, at a random place", () => {
    for (const task of [...build("test"), ...build("validation")]) {
      for (const row of task.rows) {
        expect(new Set(row.candidates).size, task.name).toBe(row.candidates.length);
        expect(row.candidates.length, task.name).toBe(12);
        expect(row.positive, task.name).toBeGreaterThanOrEqual(0);
        expect(task.candidates[row.candidates[row.positive] as number], task.name).toBeDefined();
      }
      const places = task.rows.map((row) => row.positive);
      expect(new Set(places).size, task.name).toBeGreaterThan(5);
      expect(task.candidateNames).toHaveLength(task.candidates.length);
      expect(task.queryNames).toHaveLength(task.queries.length);
    }
  });

  test("lets no candidate mean the same as the right one", () => {
    for (const task of build("test")) {
      for (const row of task.rows) {
        const names = row.candidates.map((candidate) => task.candidateNames[candidate] as string);
        const right = names[row.positive] as string;
        expect(names.filter((name) => name === right)).toHaveLength(1);
        if (task.family !== "image-to-text" && task.family !== "image-to-image") continue;
        const groups = names.map((name) => conceptNamed(name.replace(/ \(.*/, "")).variantGroup);
        expect(
          groups.filter((group) => group === groups[row.positive]),
          task.name,
        ).toHaveLength(1);
      }
    }
  });

  test("asks for seen concepts from training, for unseen ones from the split, in drawings of the unseen vendor in test", () => {
    const tasks = build("test");
    const openmoji = new Map(corpus.concepts.map((concept) => [fingerprint(concept.drawings.get("openmoji")?.image.data), concept.split]));
    for (const task of tasks.filter(
      ({ family }) => family === "classification" || family === "image-to-text" || family === "image-to-image",
    )) {
      const splits = new Set(task.queries.map((query) => openmoji.get(pixels(query))));
      expect([...splits]).toEqual([task.concepts === "seen" ? "train" : "test"]);
    }
    for (const task of build("validation").filter(({ family }) => family === "image-to-text")) {
      expect(task.queries.filter((query) => openmoji.has(pixels(query)))).toEqual([]);
    }
  });

  test("shares one pool of pictures and one of texts between the families", () => {
    const tasks = build("test");
    const pools = new Set(tasks.map((task) => task.candidates));
    expect(pools.size).toBe(4);
    expect(taskNamed(tasks, "text-to-image/seen").candidates).toBe(taskNamed(tasks, "grounding/seen").candidates);
  });

  test("puts the three other crops of the canvas among the candidates of grounding", () => {
    const task = taskNamed(build("test"), "grounding/seen");
    for (const row of task.rows) {
      const [name, others] = (task.queryNames[row.query] as string).split(", among ") as [string, string];
      const names = row.candidates.map((candidate) => task.candidateNames[candidate]);
      for (const other of others.split(", ")) expect(names).toContain(`${other} (query drawing)`);
      expect(names[row.positive]).toBe(`${name} (query drawing)`);
      expect(task.queries[row.query]?.text).toBe(name);
      expect(task.queries[row.query]?.image).toMatchObject({ width: 64, height: 64 });
    }
  });

  test("asks for a drawing by name or by three tags that no other candidate has", () => {
    const task = taskNamed(build("test"), "text-to-image/seen");
    const byTags = task.rows.filter((row) => task.queries[row.query]?.text?.includes(", "));
    expect(byTags.length).toBeGreaterThan(8);
    expect(byTags.length).toBeLessThan(32);
    for (const row of byTags) {
      const tags = (task.queries[row.query]?.text ?? "").split(", ");
      const fitting = row.candidates.filter((candidate) => {
        const concept = conceptNamed((task.candidateNames[candidate] as string).replace(/ \(.*/, ""));
        return tags.every((tag) => concept.tags.includes(tag));
      });
      expect(fitting).toEqual([row.candidates[row.positive]]);
    }
  });

  test("answers visual questions by what is on the canvas", () => {
    const task = taskNamed(build("test"), "visual-questions/seen");
    const kinds = new Set<string>();
    for (const row of task.rows) {
      const question = task.queries[row.query]?.text ?? "";
      const scene = ((task.queryNames[row.query] ?? "").match(/\[(.*)\]$/)?.[1] ?? "").split(" | ");
      const answer = task.candidateNames[row.candidates[row.positive] as number] as string;
      kinds.add(question.split(" ").slice(0, 3).join(" "));
      expect(rightAnswers(question, scene), question).toContain(answer);
    }
    expect(kinds.size).toBeGreaterThanOrEqual(4);
  });
});

describe("pickOthers", () => {
  test("finds what is there, never a variant of the concept or of another pick", () => {
    const others = corpus.concepts.slice(0, 12);
    const concept = others[9] as EmojiConcept; // a variant of the one before it
    for (let trial = 0; trial < 50; trial++) {
      const picked = pickOthers({ concept, others, stream: new RandomStream("pick", trial) }, 9) ?? [];
      expect(new Set(picked.map((other) => other.variantGroup)).size).toBe(9);
      expect(picked.some((other) => other.variantGroup === concept.variantGroup)).toBe(false);
    }
    expect(pickOthers({ concept, others, stream: new RandomStream("pick") }, 12)).toBeUndefined();
  });
});

describe("TrainingSampler", () => {
  function sampler(options: Partial<TrainingSamplerOptions> = {}): TrainingSampler {
    return new TrainingSampler(corpus, { seed: 5, batchSize: 16, ...options });
  }
  function batchOf(family: TaskFamily, step = 0): TrainingBatch {
    return sampler({ mixture: { [family]: 1 } }).batch(step);
  }

  test("gives the same batch for a step, in any order, and others for other steps and seeds", () => {
    const forwards = [0, 1, 2, 3].map((step) => fingerprint(sampler().batch(step)));
    const shared = sampler();
    expect([3, 2, 1, 0].map((step) => fingerprint(shared.batch(step))).reverse()).toEqual(forwards);
    expect(new Set([...forwards, fingerprint(sampler({ seed: 6 }).batch(0))]).size).toBe(5);
  });

  test("fills every batch with examples of one family, in the mixture asked for", () => {
    const tasks = Array.from({ length: 60 }, (_, step) => sampler({ batchSize: 2 }).batch(step).task);
    expect(new Set(tasks)).toEqual(new Set(TASK_FAMILIES));
    const mixed = Array.from(
      { length: 40 },
      (_, step) => sampler({ batchSize: 2, mixture: { grounding: 3, classification: 1 } }).batch(step).task,
    );
    expect(mixed.filter((task) => task === "grounding").length).toBeGreaterThan(20);
    expect(new Set(mixed)).toEqual(new Set(["grounding", "classification"]));
    for (const family of TASK_FAMILIES) expect(batchOf(family).examples).toHaveLength(16);
  });

  test("never shows a concept, or a drawing, kept for validation or test", () => {
    const trained = new Set(conceptsOf(corpus, "train").map((concept) => concept.variantGroup));
    const shown = new Set(
      conceptsOf(corpus, "train").flatMap((concept) =>
        [...concept.drawings.values()].filter(({ set }) => set !== "openmoji").map(({ image }) => fingerprint(image.data)),
      ),
    );
    for (const family of ["text-to-image", "image-to-text", "image-to-image"] as const) {
      const { examples } = sampler({ augmentation: false, mixture: { [family]: 1 } }).batch(1);
      for (const { query, positive, positiveKey } of examples) {
        expect(trained.has(positiveKey)).toBe(true);
        const pictures = [query, positive].filter((input) => input.image !== undefined).map(pixels);
        expect(pictures.filter((picture) => !shown.has(picture))).toEqual([]);
      }
    }
  });

  test("asks for no two variants in a batch, and gives each answer a key", () => {
    for (const family of ["text-to-image", "image-to-text", "image-to-image", "grounding"] as const) {
      const keys = batchOf(family).examples.map((example) => example.positiveKey);
      expect(new Set(keys).size, family).toBe(16);
    }
    const { examples } = batchOf("classification");
    for (const example of examples) expect(example.positiveKey).toBe(`subgroup ${example.positive.text}`);
  });

  test("fills a batch larger than there are concepts", () => {
    const { examples } = sampler({ batchSize: 200, mixture: { "image-to-text": 1 } }).batch(0);
    expect(examples).toHaveLength(200);
  });

  test("gives hard negatives that are right for nothing else in the batch", () => {
    const { examples } = batchOf("visual-questions");
    const positives = new Set(examples.map((example) => example.positive.text));
    const negatives = examples.flatMap((example) => example.hardNegatives ?? []);
    expect(negatives.length).toBeGreaterThan(8);
    expect(negatives.filter((negative) => positives.has(negative.text))).toEqual([]);
    expect(
      sampler({ mixture: { grounding: 1 }, hardNegatives: 3 })
        .batch(0)
        .examples.some((example) => example.hardNegatives?.length === 3),
    ).toBe(true);
    expect(
      sampler({ mixture: { grounding: 1 }, hardNegatives: 0 })
        .batch(0)
        .examples.every((example) => example.hardNegatives === undefined),
    ).toBe(true);
  });

  test("words instructions in several ways, evaluation in one", () => {
    const wordings = new Set([0, 1].flatMap((step) => batchOf("image-to-text", step).examples.map((example) => example.query.instruction)));
    expect(wordings.size).toBeGreaterThan(2);
    const fixed = new Set(taskNamed(build("test"), "image-to-text/seen").queries.map((query) => query.instruction));
    expect(fixed.size).toBe(1);
    expect(wordings).toContain([...fixed][0]);
  });

  test("pairs drawings of different vendors", () => {
    const setOf = new Map(
      corpus.concepts.flatMap((concept) => [...concept.drawings.values()].map((drawing) => [drawing.image, drawing.vendor] as const)),
    );
    const { examples } = sampler({ augmentation: false, mixture: { "image-to-image": 1 } }).batch(0);
    for (const { query, positive } of examples) {
      expect(setOf.get(query.image as RawImage)).not.toBe(setOf.get(positive.image as RawImage));
    }
  });

  test.each([
    [{ mixture: { grounding: -1 } }, "mixture.grounding"],
    [{ mixture: { grounding: 0 } }, "mixture"],
    [{ mixture: { groundnig: 1 } }, "mixture.groundnig"],
    [{ sets: ["noto", "openmoji"] as const }, "sets"],
    [{ sets: ["fluent-3d", "fluent-flat"] as const }, "sets"],
  ])("refuses %j", async (options, field) => {
    const error = await thrownBy(() => sampler(options as Partial<TrainingSamplerOptions>));
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).details).toMatchObject({ field });
  });
});
