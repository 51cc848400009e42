import { ConfigError } from "../../../errors/families.ts";

/** What ties fields of a configuration to each other. */
export interface ConfigRule {
  readonly field: string;
  readonly got: unknown;
  /** What would have been right. */
  readonly expected: string;
  readonly holds: boolean;
}

/** A rule about one field. */
export function rule(field: string, got: unknown, expected: string, holds: boolean): ConfigRule {
  return { field, got, expected, holds };
}

/** @throws {ConfigError} naming file and field, for the first rule that does not hold. */
export function checkRules(rules: readonly ConfigRule[], { file }: { readonly file: string }): void {
  const broken = rules.find(({ holds }) => !holds);
  if (broken === undefined) return;
  const { field, got, expected } = broken;
  const message = `${file}: ${field} is ${JSON.stringify(got)}, expected ${expected}; correct it`;
  throw new ConfigError({ message, details: { file, field, got, expected } });
}

/** A field that holds the id of a special token. */
export type TokenField = readonly [field: string, id: number];

/** The token of an image lies in the vocabulary; those that embedding does without may be the defaults of a larger one, but none of them is the image's. */
export function tokenRules(vocabSize: number, [imageField, imageId]: TokenField, others: readonly TokenField[] = []): ConfigRule[] {
  const inside = rule(imageField, imageId, `an id below vocab_size (${vocabSize})`, imageId < vocabSize);
  return [inside, ...others.map(([field, id]) => rule(field, id, `another id than ${imageField}`, id !== imageId))];
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
