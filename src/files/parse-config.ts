import { z } from "zod";
import { ConfigError, present } from "../errors/families.ts";
import { nearestName } from "./nearest-name.ts";

/**
 * Parses a configuration with a zod schema and tells the first thing wrong with it in the house's words.
 * @param file what the value was read from, for the message.
 * @throws {ConfigError} details `file`, `field` (dotted), `got`, `expected`; for an unknown field `expected` is the nearest known one.
 */
export function parseConfig<Schema extends z.ZodType>(schema: Schema, value: unknown, { file }: { file: string }): z.output<Schema> {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw toConfigError(deepest(parsed.error.issues), { schema, value, file });
}

type Issue = z.core.$ZodIssue;
type Context = { readonly schema: z.core.$ZodType; readonly value: unknown; readonly file: string };

/** The issue to tell: an unknown field before others (a misspelt field is also a missing one); inside a union that of the nearest option. */
function deepest(issues: readonly Issue[]): Issue {
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? present(issues[0], "an issue");
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const options = issue.errors.filter((errors) => errors.length > 0).map((errors) => deepest(errors));
  const longest = options.toSorted((a, b) => b.path.length - a.path.length)[0];
  return longest === undefined || longest.path.length === 0 ? issue : { ...longest, path: [...issue.path, ...longest.path] };
}

function toConfigError(issue: Issue, context: Context): ConfigError {
  return issue.code === "unrecognized_keys" ? unknownField(issue, context) : wrongField(issue, context);
}

function unknownField(issue: z.core.$ZodIssueUnrecognizedKeys, { schema, value, file }: Context): ConfigError {
  const key = issue.keys[0] as string;
  const known = knownFields(schema, issue.path);
  const near = nearestName(key, known);
  const hint =
    near === undefined ? `known are ${known.slice(0, 20).join(", ")}${known.length > 20 ? ", ..." : ""}` : `did you mean ${near}?`;
  const field = toField([...issue.path, key]);
  return new ConfigError({
    message: `${file}: ${field} is not a known field (${hint}); correct or remove it`,
    details: { file, field, got: toJsonSafe(valueAt(value, [...issue.path, key])), expected: near ?? known },
  });
}

function wrongField(issue: Issue, { value, file }: Context): ConfigError {
  const field = issue.path.length === 0 ? "the whole" : toField(issue.path);
  const got = valueAt(value, issue.path);
  const expected = /expected (.*?)(?:, received .*)?$/.exec(issue.message)?.[1];
  const state = got === undefined ? "is missing" : `is ${shorten(JSON.stringify(got))}`;
  const rule = expected === undefined ? issue.message : `expected ${expected}`;
  return new ConfigError({
    message: `${file}: ${field} ${state}, ${rule}; correct it`,
    details: { file, field, got: toJsonSafe(got), expected: expected ?? issue.message },
  });
}

function toField(path: readonly PropertyKey[]): string {
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`)).join("");
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function toJsonSafe(value: unknown): unknown {
  return value === undefined ? null : value;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined), value);
}

/** The fields that the schema knows at a path, its unions' options together. */
function knownFields(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const [key, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    if (key === undefined) return Object.keys(schema.shape);
    const inner = schema.shape[String(key)] as z.core.$ZodType | undefined;
    return inner === undefined ? [] : knownFields(inner, rest);
  }
  if (schema instanceof z.ZodArray) return knownFields(schema.element, rest);
  if (schema instanceof z.ZodRecord) return knownFields(schema.valueType, rest);
  if (schema instanceof z.ZodUnion) return [...new Set(schema.options.flatMap((option) => knownFields(option, path)))];
  if (schema instanceof z.ZodPipe) return knownFields(schema.in, path);
  if (schema instanceof z.ZodLazy) return knownFields(schema.unwrap(), path);
  const isWrapper = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault;
  if (isWrapper || schema instanceof z.ZodReadonly || schema instanceof z.ZodPrefault) return knownFields(schema.unwrap(), path);
  return [];
}
