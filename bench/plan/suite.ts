import { availableParallelism } from "node:os";
import { measureMachine } from "../../src/cli/planning/measure-machine.ts";
import type { Machine } from "../../src/cli/planning/machines.ts";
import { planRun } from "../../src/cli/planning/plan-run.ts";
import { loadEmojiCorpus } from "../../src/data/emoji/corpus.ts";
import { outlineModel } from "../../src/train/prepare-model.ts";
import { openRecipeData } from "../../src/train/sources/recipe-source.ts";
import { runScript } from "../run-script.ts";
import type { BenchSuite, SuiteSection, Verdict } from "../suite.ts";
import { PLANNED_CASES, recipeOf, type PlannedCase } from "./planned-cases.ts";
import { publishedSection } from "./published-section.ts";
import type { CaseRequest, CaseResult } from "./train-process.ts";

/** How far a plan may be off. */
const TOLERANCE = 0.2;
/** Batches that are planned, and then trained on. */
const BATCHES = 20;
/** The part that plans the paper's systems. */
const PUBLISHED = "published";
const threads = availableParallelism();

export const suite: BenchSuite = {
  summary: "what polyvec plan says of small trainings, beside what they take",
  parts: [PUBLISHED, ...PLANNED_CASES.map(({ name }) => name)],
  async run({ say, only }) {
    const sections: SuiteSection[] = only === undefined || only === PUBLISHED ? [await publishedSection()] : [];
    for (const one of PLANNED_CASES.filter(({ name }) => only === undefined || only === name)) {
      say(one.name);
      sections.push(await caseSection(one));
    }
    return sections;
  },
};

async function caseSection(one: PlannedCase): Promise<SuiteSection> {
  const { recipe, baseFolder } = await recipeOf(one);
  const data = await openRecipeData(recipe, () => loadEmojiCorpus());
  const outline = await outlineModel(recipe, { baseFolder, texts: data.texts });
  const before = await measureMachine(threads);
  const request: CaseRequest = { name: one.name, steps: BATCHES, threads };
  const { seconds, memory } = await runScript<CaseResult>(new URL("train-process.ts", import.meta.url), request);
  const machine = meanOf(before, await measureMachine(threads));
  const plan = await planRun(recipe, {
    outline,
    batches: { source: data.source, heldBytes: data.heldBytes, count: BATCHES },
    machines: [machine],
  });
  const taken = seconds.reduce((sum, value) => sum + value) / seconds.length;
  const verdicts = [
    verdict("seconds a step", { planned: plan.times[0]?.stepSeconds ?? Number.NaN, taken, unit: "s", digits: 3 }),
    verdict("memory", { planned: plan.memory.all / 1e9, taken: memory / 1e9, unit: "GB", digits: 2 }),
  ];
  const [large, cached] = [machine.bandwidth, machine.cachedBandwidth].map((bandwidth) => (bandwidth / 1e9).toFixed(0)) as [string, string];
  const each = `${(machine.start * 1e6).toFixed(0)} µs an operation, ${(machine.update * 1e9).toFixed(1)} ns a trained number`;
  const pace = `${(machine.flops / 1e9).toFixed(0)} GFLOP/s, ${large} GB/s (${cached} in a cache), ${each}`;
  return { title: one.name, measurements: [], verdicts, facts: { machine: pace } };
}

function meanOf(a: Machine, b: Machine): Machine {
  const mean = (of: "flops" | "bandwidth" | "cachedBandwidth" | "start" | "update"): number => (a[of] + b[of]) / 2;
  const [flops, bandwidth, cachedBandwidth] = [mean("flops"), mean("bandwidth"), mean("cachedBandwidth")];
  return { ...a, flops, bandwidth, cachedBandwidth, start: mean("start"), update: mean("update") };
}

interface Compared {
  readonly planned: number;
  readonly taken: number;
  readonly unit: string;
  readonly digits: number;
}

function verdict(name: string, { planned, taken, unit, digits }: Compared): Verdict {
  const ratio = planned / taken;
  return {
    name,
    got: `planned ${planned.toFixed(digits)} ${unit}, taken ${taken.toFixed(digits)} ${unit}: ${ratio.toFixed(2)}`,
    bar: `${1 - TOLERANCE} to ${1 + TOLERANCE}`,
    isMet: Math.abs(ratio - 1) <= TOLERANCE,
  };
}
