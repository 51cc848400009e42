import { resolve } from "node:path";
import type { SweepView } from "../../eval/sweep/sweep-report.ts";
import { quoted } from "../quoted.ts";
import { UsageError } from "../usage-error.ts";
import type { FieldValues, JsonValue } from "./json-value.ts";
import type { SweepOverrides } from "./read-sweep.ts";

/** What `polyvec sweep` is given beside the file. */
export interface SweepCommandOptions {
  readonly out?: string | undefined;
  readonly vary?: Readonly<Record<string, readonly JsonValue[]>> | undefined;
  readonly set?: FieldValues | undefined;
  readonly seeds?: readonly number[] | undefined;
  readonly random?: number | undefined;
  readonly seed: number;
  readonly baseline?: string | FieldValues | undefined;
  readonly view?: SweepView | undefined;
  readonly bench?: "emoji" | "mmeb" | undefined;
  readonly queries?: number | undefined;
  readonly data?: string | undefined;
  readonly images?: string | undefined;
  readonly datasets?: readonly string[] | undefined;
  readonly subset?: number | undefined;
  readonly prompts?: "reference" | "model" | undefined;
  readonly test?: true | undefined;
  readonly testData?: string | undefined;
  readonly testImages?: string | undefined;
  readonly cache?: string | undefined;
  readonly retry?: true | undefined;
  readonly dryRun?: true | undefined;
  readonly threads?: number | undefined;
}

/** What options say of the sweep itself. @throws {UsageError} if they contradict one another. */
export function overridesOf(options: SweepCommandOptions): SweepOverrides {
  const { vary, set, seeds, random, seed, baseline, view } = options;
  const drawn = random === undefined ? undefined : { cells: random, seed };
  return { vary, set, seeds, random: drawn, baseline, view, evaluation: evaluationOf(options) };
}

function evaluationOf(options: SweepCommandOptions): SweepOverrides["evaluation"] {
  const { bench, queries, data, images, datasets, subset, prompts, testData, testImages } = options;
  const own = {
    emoji: { queries },
    mmeb: { data: at(data), images: at(images), datasets, subset, prompts, test: testOf(testData, testImages) },
  };
  const given = { emoji: defined(own.emoji), mmeb: defined(own.mmeb) };
  const meant = bench ?? (Object.keys(given.mmeb).length > 0 ? "mmeb" : Object.keys(given.emoji).length > 0 ? "emoji" : undefined);
  if (meant === undefined) return undefined;
  const [stray] = Object.keys(given[meant === "emoji" ? "mmeb" : "emoji"]);
  if (stray !== undefined) throw new UsageError({ message: `--${stray} is not for --bench ${meant}; leave it out`, details: { argument: `--${stray}` } }); // prettier-ignore
  return { bench: meant, ...given[meant] };
}

function at(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

function testOf(data: string | undefined, images: string | undefined): object | undefined {
  if (data === undefined && images === undefined) return undefined;
  if (data !== undefined && images !== undefined) return { data: resolve(data), images: resolve(images) };
  throw new UsageError({ message: "--test-data and --test-images go together; give both", details: { argument: "--test-data" } });
}

function defined(values: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** The command that goes on with a sweep: the very same. */
export function againCommand(file: string, { vary = {}, set = {}, seeds, random, seed, baseline, ...others }: SweepCommandOptions): string {
  const text = (value: JsonValue): string => (typeof value === "string" ? value : JSON.stringify(value));
  const pairs = (values: FieldValues): string => Object.entries(values).map(([field, value]) => `${field}=${text(value)}`).join(","); // prettier-ignore
  const plain = Object.entries(others).flatMap(([name, value]) => {
    const option = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === undefined ? [] : value === true ? [option] : [option, String(value)];
  });
  const words = [
    file,
    ...Object.entries(vary).flatMap(([field, values]) => ["--vary", `${field}=${JSON.stringify(values)}`]),
    ...Object.entries(set).flatMap(([field, value]) => ["--set", `${field}=${text(value)}`]),
    ...(seeds === undefined ? [] : ["--seeds", seeds.join(",")]),
    ...(random === undefined ? [] : ["--random", String(random), "--seed", String(seed)]),
    ...(baseline === undefined ? [] : ["--baseline", typeof baseline === "string" ? baseline : pairs(baseline)]),
    ...plain,
  ];
  return ["polyvec sweep", ...words.map(quoted)].join(" ");
}
