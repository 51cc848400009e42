import { findPicturePackage } from "../../data/pictures/picture-package.ts";
import { DataError } from "../../errors/families.ts";
import { SEARCHED_SETS } from "./vendors.ts";

const NAMES: readonly string[] = ["emojibase-data", ...SEARCHED_SETS.map((set) => set.package)];

/** The packages that hold the emoji and their words, as `name@version`. @throws {DataError} if one is not installed. */
export async function emojiPackages(): Promise<string[]> {
  const packages = await Promise.all(NAMES.map(findPicturePackage));
  return packages.map(({ name, version }) => `${name}@${version}`);
}

/** Whether each of the packages that is installed is among the given ones, `name@version`: what is not installed contradicts nothing. */
export async function fitsInstalled(packages: readonly string[]): Promise<boolean> {
  const installed = await Promise.all(NAMES.map((name) => findPicturePackage(name).catch(missing)));
  return installed.every((found) => found === undefined || packages.includes(`${found.name}@${found.version}`));
}

function missing(error: unknown): undefined {
  if (!(error instanceof DataError)) throw error;
}
