import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];

/** A Chromium that tests can drive: `POLYVEC_BROWSER`, or the first one on the PATH; undefined if there is none. */
export function findBrowser({ POLYVEC_BROWSER: named, PATH = "" }: NodeJS.ProcessEnv = process.env): string | undefined {
  if (named !== undefined && named !== "") return named;
  return PATH.split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}
