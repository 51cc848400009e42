import type { TaskFamily } from "../../data/emoji/tasks/task-types.ts";
import type { MmebOptions } from "../evaluation/mmeb/mmeb-options.ts";
import { UsageError } from "../usage-error.ts";

/** What `polyvec explain` is given. */
export interface ExplainOptions extends Omit<MmebOptions, "shard"> {
  readonly bench?: "emoji" | "mmeb" | undefined;
  readonly queries?: string | undefined;
  readonly split?: "validation" | "test" | undefined;
  readonly tasks?: readonly TaskFamily[] | undefined;
  readonly top: number;
}

/** What queries come from. */
export type ExplainSource = "emoji" | "mmeb" | "queries";

const NAMES: Readonly<Record<ExplainSource, string>> = { emoji: "--bench emoji", mmeb: "--bench mmeb", queries: "--queries" };

/** What options are for, where they are not for every source. */
const MEANT_FOR: Readonly<Partial<Record<keyof ExplainOptions, readonly ExplainSource[]>>> = {
  split: ["emoji"],
  tasks: ["emoji"],
  data: ["mmeb"],
  embedder: ["mmeb"],
  cache: ["mmeb"],
  batchSize: ["mmeb"],
  images: ["mmeb", "queries"],
  datasets: ["mmeb", "queries"],
};

/** The source that options name. @throws {UsageError} if they name two, or one is given that is for another source. */
export function sourceOf(options: ExplainOptions): ExplainSource {
  const { bench, queries } = options;
  if (bench !== undefined && queries !== undefined) {
    const message = `both --bench ${bench} and --queries ${queries} are given; give one of them`;
    throw new UsageError({ message, details: { argument: "--queries" } });
  }
  const source = queries === undefined ? (bench ?? "emoji") : "queries";
  for (const [option, sources] of Object.entries(MEANT_FOR)) {
    if (options[option as keyof ExplainOptions] === undefined || sources.includes(source)) continue;
    const flag = `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const message = `${flag} is for ${sources.map((each) => NAMES[each]).join(" and ")}, not for ${NAMES[source]}; leave it out, or name what it belongs to`;
    throw new UsageError({ message, details: { argument: flag } });
  }
  return source;
}
