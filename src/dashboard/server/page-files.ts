import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PAGE_STYLES } from "./page-styles.ts";

/** A file of the page. */
export interface PageFile {
  readonly type: "text/javascript" | "text/css";
  readonly content: string;
}

/** Where the page's modules lie as they are built; run from sources, those of the last build. */
const BUILT_PAGE: string = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../../dist/dashboard/page/" : "../page/", import.meta.url),
);

/** The module that the page begins with. */
export const FIRST_MODULE = "main.js";

/** The page's files by name. They are read once; nothing else is served, whatever a path says. */
export class PageFiles {
  readonly #folder: string;
  #files: Promise<ReadonlyMap<string, PageFile>> | undefined;

  /** @param folder of the page's modules. */
  constructor(folder: string = BUILT_PAGE) {
    this.#folder = folder;
  }

  async find(name: string): Promise<PageFile | undefined> {
    this.#files ??= this.#read();
    return (await this.#files).get(name);
  }

  async #read(): Promise<ReadonlyMap<string, PageFile>> {
    const { resolve } = createRequire(import.meta.url);
    const modules = (await readdir(this.#folder).catch(() => [])).filter((name) => name.endsWith(".js"));
    const script = async (name: string, file: string): Promise<[string, PageFile]> => [
      name,
      { type: "text/javascript", content: await readFile(file, "utf8") },
    ];
    const scripts = await Promise.all([
      script("uplot.js", resolve("uplot/dist/uPlot.esm.js")),
      ...modules.map((name) => script(name, join(this.#folder, name))),
    ]);
    const styles = `${await readFile(resolve("uplot/dist/uPlot.min.css"), "utf8")}\n${PAGE_STYLES}`;
    return new Map([...scripts, ["page.css", { type: "text/css", content: styles }]]);
  }
}
