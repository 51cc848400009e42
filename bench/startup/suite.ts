import { existsSync } from "node:fs";
import { join } from "node:path";
import { MODEL_FILES } from "../../src/model/folder/model-files.ts";
import { measure, type BenchCase, type Comparison, type Measurement } from "../harness.ts";
import { spreadOf } from "../statistics.ts";
import type { BenchSuite, SuiteContext, SuiteSection } from "../suite.ts";
import { runNode } from "./cold-process.ts";
import { withMadeUpModels, type NamedFolder } from "./made-up-models.ts";
import { phaseSections } from "./phases.ts";
import { checkProgram, DEFAULT_MODEL, PROGRAM } from "./program.ts";

const HELP = "polyvec --help";
const EMBED = 'polyvec embed "happy cat"';

/** The most milliseconds that are good enough. */
const LIMITS: Readonly<Record<string, number>> = { [HELP]: 300, [EMBED]: 1500 };

export const suite: BenchSuite = {
  summary: "how long the command line takes from cold, and where the time goes",
  async run(context) {
    checkProgram(context.say);
    const hasDefault = existsSync(join(DEFAULT_MODEL, MODEL_FILES.config));
    if (!hasDefault) context.say(`models/emoji-mini is not there: ${EMBED} is not timed, models with random weights are`);
    return withMadeUpModels(async (madeUp) => {
      context.say("whole commands");
      const commands = await commandSection({ madeUp, hasDefault }, context);
      context.say("parts of embedding a text");
      const models = hasDefault ? [{ name: "emoji-mini", folder: DEFAULT_MODEL }, ...madeUp] : madeUp;
      return [commands, ...(await phaseSections(models, context))];
    });
  },
};

interface Models {
  readonly madeUp: readonly NamedFolder[];
  readonly hasDefault: boolean;
}

async function commandSection({ madeUp, hasDefault }: Models, context: SuiteContext): Promise<SuiteSection> {
  const cases = [
    coldProcess("node alone", ["--eval", "0"]),
    coldProcess(HELP, [PROGRAM, "--help"]),
    ...(hasDefault ? [coldProcess(EMBED, [PROGRAM, "embed", "happy cat"])] : []),
    ...madeUp.map(({ name, folder }) => coldProcess(`embed, ${name}`, [PROGRAM, "embed", "--model", folder, "happy cat"])),
  ];
  const measurements = await measure(cases, context.measure);
  const limited = measurements.flatMap(shareOfLimit);
  return {
    title: "whole processes, ms from start to end",
    measurements,
    comparisons: limited,
    bars: Object.fromEntries(limited.map(({ name }) => [name, 1])),
    facts: hasDefault ? {} : { [EMBED]: `not timed, models/emoji-mini is not there; its bar of ${LIMITS[EMBED]} ms is not judged` },
  };
}

function coldProcess(name: string, args: readonly string[]): BenchCase {
  const run = async (): Promise<number> => (await runNode(args)).milliseconds;
  return { name, run };
}

/** A time as a share of its limit: over 1 is too slow. */
function shareOfLimit({ name, times }: Measurement): Comparison[] {
  const limit = LIMITS[name];
  return limit === undefined ? [] : [{ name, baseline: `${limit} ms`, ratio: spreadOf(times.map((time) => time / limit)) }];
}
