import { realpathSync, statSync } from "node:fs";
import { dirname, relative, sep } from "node:path";
import { LoweringError, WeightsError } from "../../errors/families.ts";
import type { ExternalData } from "../graph/operations.ts";
import type { Graph } from "../graph/value.ts";

/** Where ONNX Runtime finds a graph's external tensors: one folder, and each file's path inside it. */
export interface ExternalFiles {
  readonly folder: string;
  readonly locate: (file: string) => string;
}

/**
 * The deepest folder that holds all files a graph's tensors lie in. ONNX Runtime takes no absolute paths and nothing outside of one
 * folder, links included, so links are followed first.
 * @returns undefined if the graph has no external tensors. @throws {WeightsError} if a file is missing or ends before its tensor does.
 */
export function findExternalFiles(graph: Graph): ExternalFiles | undefined {
  const real = new Map<string, string>();
  for (const value of graph.values) {
    if (value.operation !== "external") continue;
    const { name, data } = value.attributes;
    real.set(data.file, checkFile(name, data));
  }
  const [first, ...others] = new Set(real.values());
  if (first === undefined) return undefined;
  const folder = others.reduce(commonFolder, dirname(first));
  return {
    folder,
    locate: (file) =>
      relative(folder, real.get(file) ?? file)
        .split(sep)
        .join("/"),
  };
}

function checkFile(tensor: string, { file, byteOffset, byteLength }: ExternalData): string {
  const end = byteOffset + byteLength;
  const { path, size } = inspect(tensor, file);
  if (end <= size) return path;
  throw new WeightsError({
    message: `${file} has ${size} bytes, but the tensor "${tensor}" ends at byte ${end}; the file is cut short, fetch it again`,
    details: { file, tensor, expected: end, actual: size },
  });
}

function inspect(tensor: string, file: string): { readonly path: string; readonly size: number } {
  try {
    const path = realpathSync(file);
    return { path, size: statSync(path).size };
  } catch (error) {
    throw new WeightsError({
      message: `the file ${file} of the tensor "${tensor}" cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      details: { file, tensor },
      cause: error,
    });
  }
}

function commonFolder(folder: string, file: string): string {
  let common = folder;
  while (!file.startsWith(common.endsWith(sep) ? common : common + sep)) {
    const parent = dirname(common);
    if (parent === common) {
      throw new LoweringError({
        message: `${folder} and ${file} lie on different drives; put all weights on one`,
        details: { folder, file },
      });
    }
    common = parent;
  }
  return common;
}
