import type { CommandContext } from "../command-module.ts";
import { explainEmoji } from "./explain-emoji.ts";
import { explainMmeb } from "./explain-mmeb.ts";
import { sourceOf, type ExplainOptions, type ExplainSource } from "./explain-options.ts";
import { explainQueries } from "./explain-queries.ts";

type Explain = (model: string | undefined, options: ExplainOptions, context: CommandContext) => Promise<void>;

const EXPLAIN: Readonly<Record<ExplainSource, Explain>> = { emoji: explainEmoji, mmeb: explainMmeb, queries: explainQueries };

/** Tells what a model's paths do on the queries that the options name. @throws {UsageError} if the options do not fit each other. */
export const explain: Explain = (model, options, context) => EXPLAIN[sourceOf(options)](model, options, context);
