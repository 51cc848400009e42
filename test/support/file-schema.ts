import { z } from "zod";

/** The JSON Schema of what a file may hold before its defaults are filled in, for editors. */
export function fileSchema(
  schema: z.ZodType,
  about: { readonly title: string; readonly description: string },
): z.core.JSONSchema.BaseSchema {
  const made = z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return { ...made, ...about };
}
