import { pathToFileURL } from "node:url";
import { measure, type BenchCase, type Measurement } from "../harness.ts";
import { spreadOf } from "../statistics.ts";
import type { SuiteContext, SuiteSection } from "../suite.ts";
import { runNode } from "./cold-process.ts";
import type { NamedFolder } from "./made-up-models.ts";
import { DIST } from "./program.ts";

/** What a cold process does one after the other to embed a text; it runs the compiled library, so it is no TypeScript. */
const SCRIPT = `
const [dist, path, text] = process.argv.slice(1);
const durations = {};
let before = 0;
const done = (phase) => {
  const now = performance.now();
  durations[phase] = now - before;
  before = now;
};
done("node starts");
const { embeddingModelOf } = await import(dist + "embed/load-model.js");
const { EmbeddingSessions } = await import(dist + "embed/embedding-sessions.js");
const { openModelFolder } = await import(dist + "model/folder/open-model-folder.js");
const { modelInputs } = await import(dist + "model/multimodal/model-inputs.js");
const { loadRuntime } = await import(dist + "engine/runtime/onnx-runtime.js");
done("imports");
const folder = await openModelFolder(path);
done("model opened");
await loadRuntime();
done("ONNX Runtime loaded");
const { backbone, processor, polyvec: { paths } } = folder;
const sessions = new EmbeddingSessions(embeddingModelOf(folder), {});
const runner = await sessions.open("none", { paths, indices: Array.from({ length: paths.count }, (_, path) => path) });
done("weights read, session made");
const inputs = modelInputs(backbone, paths, await processor.processBatch([{ text }]));
done("tokens");
await runner.run(inputs);
done("first run");
await runner.run(inputs);
done("second run");
await sessions.dispose();
await folder.close();
done("disposed");
console.log(JSON.stringify(durations));
`;

/** The parts of a cold start, for each model. */
export async function phaseSections(models: readonly NamedFolder[], context: SuiteContext): Promise<SuiteSection[]> {
  const seen = new Map(models.map(({ name }) => [name, [] as Readonly<Record<string, number>>[]]));
  const cases = models.map(({ name, folder }): BenchCase => {
    const run = async (): Promise<number> => {
      const durations = await phasesOf(folder);
      seen.get(name)?.push(durations);
      return Object.values(durations).reduce((sum, duration) => sum + duration, 0);
    };
    return { name, run };
  });
  const measurements = await measure(cases, context.measure);
  return measurements.map((whole) => ({
    title: `${whole.name}: the parts of embedding one text, ms`,
    measurements: [...partsOf(seen.get(whole.name) ?? [], whole.times.length), { ...whole, name: "all, within the process" }],
  }));
}

/** Milliseconds by phase, in their order. */
async function phasesOf(folder: string): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await runNode(["--input-type=module", "--eval", SCRIPT, `${pathToFileURL(DIST).href}/`, folder, "happy cat"]);
  return JSON.parse(stdout) as Readonly<Record<string, number>>;
}

/** @param rounds how many of the last readings count; those before were warm-ups. */
function partsOf(readings: readonly Readonly<Record<string, number>>[], rounds: number): Measurement[] {
  const timed = readings.slice(-rounds);
  return Object.keys(timed[0] ?? {}).map((name) => {
    const times = timed.map((reading) => reading[name] ?? Number.NaN);
    return { name, times, milliseconds: spreadOf(times) };
  });
}
