import { ConfigError } from "../../errors/families.ts";

/** What ties fields of a configuration to each other. */
export interface ConfigRule {
  readonly field: string;
  readonly got: unknown;
  /** What would have been right. */
  readonly expected: string;
  readonly holds: boolean;
  /** The way out, if it is another than to correct the field. */
  readonly advice?: string;
}

/** A rule about one field. */
export function rule(field: string, got: unknown, expected: string, holds: boolean): ConfigRule {
  return { field, got, expected, holds };
}

/** @throws {ConfigError} naming file and field, for the first rule that does not hold. */
export function checkRules(rules: readonly ConfigRule[], { file }: { readonly file: string }): void {
  const broken = rules.find(({ holds }) => !holds);
  if (broken === undefined) return;
  const { field, got, expected, advice = "correct it" } = broken;
  const message = `${file}: ${field} is ${JSON.stringify(got)}, expected ${expected}; ${advice}`;
  throw new ConfigError({ message, details: { file, field, got, expected } });
}

/** Ids of special tokens lie in the vocabulary and differ from each other. */
export function tokenRules(vocabSize: number, tokens: readonly (readonly [field: string, id: number])[]): ConfigRule[] {
  const ids = tokens.map(([, id]) => id);
  const inside = tokens.map(([field, id]) => rule(field, id, `an id below vocab_size (${vocabSize})`, id < vocabSize));
  const different = tokens.map(([field, id], index) => rule(field, id, "an id of its own", ids.indexOf(id) === index));
  return [...inside, ...different];
}

/** @throws {ConfigError} if a `config.json` is of another kind of model. */
export function checkModelType(value: unknown, modelType: string, { file }: { readonly file: string }): void {
  const got: unknown = typeof value === "object" && value !== null && "model_type" in value ? value.model_type : undefined;
  if (got === modelType) return;
  const expected = JSON.stringify(modelType);
  throw new ConfigError({
    message: `${file}: model_type is ${JSON.stringify(got) ?? "missing"}, expected ${expected}; use a checkpoint of a known architecture`,
    details: { file, field: "model_type", got: got ?? null, expected: modelType },
  });
}
