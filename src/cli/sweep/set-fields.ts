import { ConfigError } from "../../errors/families.ts";
import type { FieldValues, JsonValue } from "./json-value.ts";

/**
 * A recipe's JSON with fields set to other values; objects on the way to a field are made where there are none.
 * @throws {ConfigError} naming the field, if something on the way to it is no object.
 */
export function withFields(recipe: JsonValue, values: FieldValues, { file }: { readonly file: string }): JsonValue {
  return Object.entries(values).reduce((changed, [field, value]) => withField(changed, field.split("."), { field, value, file }), recipe);
}

interface Setting {
  readonly field: string;
  readonly value: JsonValue;
  readonly file: string;
}

function withField(holder: JsonValue | undefined, [key, ...rest]: readonly string[], setting: Setting): JsonValue {
  if (key === undefined) return setting.value;
  if (holder !== undefined && !isRecord(holder)) throw noFields(holder, setting);
  return { ...holder, [key]: withField(holder?.[key], rest, setting) };
}

function isRecord(value: JsonValue): value is { readonly [field: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function noFields(holder: JsonValue, { field, file }: Setting): ConfigError {
  const message = `${file}: ${field} cannot be set: on the way to it stands ${JSON.stringify(holder)}, which has no fields; correct the field's name`;
  return new ConfigError({ message, details: { file, field, got: holder } });
}
