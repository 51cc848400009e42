import { formatShape } from "./dimension.ts";
import type { Value } from "./value.ts";

/** One line about a value: `layers.0/attention: matmul %12 float32 [batch, 8]`. */
export function describeValue(value: Value): string {
  const place = value.scope === "" ? "" : `${value.scope}: `;
  const name = value.operation === "input" || value.operation === "external" ? ` "${value.attributes.name}"` : "";
  return `${place}${value.operation}${name} %${value.id} ${value.dtype} ${formatShape(value.shape)}`;
}

/** The operations that led to a value, nearest first, `limit` at most. */
export function traceOf(value: Value, limit = 8): string[] {
  const found = new Set<Value>([value]);
  for (const reached of found) {
    if (found.size >= limit) break;
    for (const input of reached.inputs) found.add(input);
  }
  return [...found].slice(0, limit).map(describeValue);
}
