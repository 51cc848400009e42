import { readFile } from "node:fs/promises";
import { ConfigError } from "../errors/families.ts";
import { asFileError } from "./atomic-write.ts";

/**
 * Reads a file of JSON.
 * @throws {FileError} if it cannot be read. @throws {ConfigError} if it is not JSON: details `file`, `line`, `column` where known.
 */
export async function readJsonFile(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8").catch((error: unknown) => Promise.reject(asFileError(error, file, "read")));
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = text.trim() === "" ? "it is empty" : (cause as SyntaxError).message;
    throw new ConfigError({ message: `${file} is not JSON: ${reason}; restore or write it again`, details: { file }, cause });
  }
}
