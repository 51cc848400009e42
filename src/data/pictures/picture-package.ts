import { access, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../../errors/families.ts";

/** An installed package that holds pictures or words. */
export interface PicturePackage {
  readonly name: string;
  readonly version: string;
  /** Where it lies. */
  readonly folder: string;
}

const manifestSchema = z.object({ version: z.string() });

/**
 * Finds an installed package by going up the `node_modules` folders, whatever its `exports` say.
 * @throws {DataError} if it is not installed: details `package`.
 */
export async function findPicturePackage(name: string): Promise<PicturePackage> {
  for (const modules of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const folder = join(modules, name);
    if (!(await isThere(join(folder, "package.json")))) continue;
    const { version } = await readPackageJson(join(folder, "package.json"), manifestSchema);
    return { name, version, folder };
  }
  throw new DataError({
    message: `the picture package ${name} is not installed; run "npm install" in the root of the Polyvec repository`,
    details: { package: name },
  });
}

/** Reads a JSON file of a package and checks its form. @throws {DataError} if it is not there or not of that form: details `file`. */
export async function readPackageJson<Value>(file: string, schema: z.ZodType<Value>): Promise<Value> {
  try {
    return schema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new DataError({
      message: `${file} cannot be used (${reason}); remove node_modules and run "npm install" again`,
      details: { file },
      cause,
    });
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
