import { UsageError } from "../usage-error.ts";
import type { FieldValues, JsonValue } from "./json-value.ts";

/** Collects `--vary field=value,value`; values that are JSON are taken as such, others as text; a JSON array holds the values themselves. @throws {UsageError} */
export function varyOption(
  text: string,
  others: Readonly<Record<string, readonly JsonValue[]>> = {},
): Readonly<Record<string, readonly JsonValue[]>> {
  const [field, values] = split(text);
  const whole = parse(values);
  return { ...others, [field]: Array.isArray(whole) ? (whole as JsonValue[]) : values.split(",").map((value) => parse(value.trim())) };
}

/** Collects `--set field=value`. @throws {UsageError} */
export function setOption(text: string, others: FieldValues = {}): FieldValues {
  const [field, value] = split(text);
  return { ...others, [field]: parse(value) };
}

/** Reads `--baseline`: a cell's name, or `field=value,field=value`. */
export function baselineOption(text: string): string | FieldValues {
  const parts = text.split(",").map((part) => part.trim());
  if (!parts.every((part) => /^[\w.]*\.[\w.]+=/.test(part))) return text;
  return parts.reduce<FieldValues>((values, part) => setOption(part, values), {});
}

/** Reads `--seeds 1,2,3`. @throws {UsageError} */
export function seedsOption(text: string): readonly number[] {
  return text.split(",").map((word) => {
    const seed = Number(word);
    if (word.trim() !== "" && Number.isSafeInteger(seed) && seed >= 0) return seed;
    throw new UsageError({ message: `got "${text}" where seeds such as 1,2,3 were expected`, details: { argument: text } });
  });
}

function split(text: string): readonly [field: string, value: string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  throw new UsageError({
    message: `got "${text}" where a field and its values were expected, such as model.paths.count=1,2,4`,
    details: { argument: text },
  });
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
