import { RECIPE_SCHEMA } from "../../src/train/recipe/recipe-schema.ts";
import { fileSchema } from "./file-schema.ts";

/** A schema as far as recipes use it. */
interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

/** The JSON Schema of a recipe's file. */
export function recipeJsonSchema(): JsonSchema {
  return fileSchema(RECIPE_SCHEMA, {
    title: "Recipe of a Polyvec training run",
    description: "Explained in docs/recipes.md.",
  }) as JsonSchema;
}

/** A Markdown table of fields for every object of a recipe, by the object's path; the recipe's own fields are under `recipe`. */
export function fieldTables(): Map<string, string> {
  const tables = new Map<string, string>();
  addTables(recipeJsonSchema(), "", tables);
  return tables;
}

function addTables(schema: JsonSchema, path: string, tables: Map<string, string>): void {
  const name = path === "" ? "recipe" : path;
  if (schema.oneOf !== undefined) tables.set(name, schema.oneOf.map(choiceTable).join("\n\n"));
  for (const choice of schema.anyOf ?? []) addTables(choice, path, tables);
  if (schema.properties === undefined) return;
  tables.set(name, tableOf(schema));
  for (const [field, inner] of Object.entries(schema.properties)) addTables(inner, path === "" ? field : `${path}.${field}`, tables);
}

/** One of several kinds of an object. */
function choiceTable(schema: JsonSchema): string {
  const { kind, ...fields } = schema.properties ?? {};
  const title = `\`"kind": ${JSON.stringify(kind?.const)}\`: ${kind?.description ?? ""}`;
  return Object.keys(fields).length === 0 ? title : `${title}\n\n${tableOf({ ...schema, properties: fields })}`;
}

function tableOf({ properties = {}, required = [] }: JsonSchema): string {
  const rows = Object.entries(properties).map(([field, schema]) => {
    const fallback = required.includes(field)
      ? "must be given"
      : schema.default === undefined
        ? ""
        : `\`${JSON.stringify(schema.default)}\``;
    return `| \`${field}\` | ${typeOf(schema)} | ${fallback} | ${(schema.description ?? "").replaceAll("|", "\\|")} |`;
  });
  return ["| field | type | default | what it is |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(" or ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.oneOf !== undefined) return "object, see below";
  if (schema.prefixItems !== undefined) return `list of ${schema.prefixItems.length} numbers`;
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.type === "object") return schema.properties === undefined ? "object" : "object, see below";
  return `${schema.type === "integer" ? "whole number" : (schema.type ?? "anything")}${rangeOf(schema)}`;
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  return minimum === undefined ? "" : ` from ${minimum}`;
}
