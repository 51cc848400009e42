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
  throw toConfigError(worst(parsed.error.issues), { schema, value, file });
}

type Issue = z.core.$ZodIssue;
type Context = { readonly schema: z.core.$ZodType; readonly value: unknown; readonly file: string };

/** The issue to tell: an unknown field before others, as a misspelt field is also a missing one; inside a union, that of the option meant. */
function worst(issues: readonly Issue[]): Issue {
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? present(issues[0], "an issue");
  if (issue.code !== "invalid_union") return issue;
  const options = issue.errors.filter((errors) => errors.length > 0);
  const meant = options.filter((errors) => !errors.some(({ code, path }) => code === "invalid_value" && path.length === 1));
  const [option, ...others] = meant.length === 0 ? options : meant;
  if (option === undefined || (others.length > 0 && meant.length > 0)) return issue;
  const inner = meant.length === 0 ? unknownKind(options) : worst(option);
  return inner === undefined || isAtRoot(inner) ? issue : { ...inner, path: [...issue.path, ...inner.path] };
}

/** Whether an issue says no more than the union's own. */
function isAtRoot({ code, path }: Issue): boolean {
  return path.length === 0 && code !== "unrecognized_keys";
}

/** When no option has the value's kind: the kinds there are. */
function unknownKind(options: readonly (readonly Issue[])[]): Issue | undefined {
  const kinds = options.flatMap((errors) => errors.filter((error) => error.code === "invalid_value" && error.path.length === 1));
  const [first] = kinds;
  if (first === undefined || kinds.some(({ path }) => path[0] !== first.path[0])) return undefined;
  return { ...first, message: `Invalid input: expected ${kinds.map(expectationOf).join(" or ")}` };
}

/** What would have been right, in zod's words without its preamble. */
function expectationOf(issue: Issue): string {
  if (issue.code === "invalid_union") {
    const options = issue.errors.flatMap((errors) => errors.slice(0, 1).map(expectationOf));
    return options.length === 0 ? issue.message : [...new Set(options)].join(" or ");
  }
  return /expected (.*?)(?:, received .*)?$/.exec(issue.message)?.[1] ?? issue.message;
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
  const expected = expectationOf(issue);
  const state = got === undefined ? "is missing" : `is ${shorten(JSON.stringify(got))}`;
  const rule = expected === issue.message ? expected : `expected ${expected}`;
  return new ConfigError({
    message: `${file}: ${field} ${state}, ${rule}; correct it`,
    details: { file, field, got: toJsonSafe(got), expected },
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
