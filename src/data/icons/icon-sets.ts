import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { DataError } from "../../errors/families.ts";
import { IconifySet } from "../pictures/iconify-set.ts";
import { readPackageJson, type PicturePackage } from "../pictures/picture-package.ts";
import type { PictureSource } from "../pictures/render-picture.ts";

/** An icon as its set has it. */
export interface SetIcon {
  readonly name: string;
  /** Other names and tags, as they are. */
  readonly tags: readonly string[];
  readonly source: PictureSource;
}

/** A set of icons. */
export interface IconSet {
  readonly name: string;
  /** The package that holds it. */
  readonly package: string;
  readonly licence: string;
  /** Reads its icons. @throws {DataError} if the package is damaged. */
  readonly read: (source: PicturePackage) => Promise<SetIcon[]>;
}

/** All sets, coloured ones and silhouettes of things first: they come first where there are too many icons. */
export const ICON_SETS: readonly IconSet[] = [
  { name: "streamline-ultimate", package: "@iconify-json/streamline-ultimate-color", licence: "CC-BY-4.0", read: readIconify },
  { name: "streamline-kameleon", package: "@iconify-json/streamline-kameleon-color", licence: "CC-BY-4.0", read: readIconify },
  { name: "flat-color", package: "@iconify-json/flat-color-icons", licence: "MIT", read: readIconify },
  { name: "game", package: "@iconify-json/game-icons", licence: "CC-BY-3.0", read: readIconify },
  { name: "phosphor", package: "@phosphor-icons/core", licence: "MIT", read: readPhosphor },
  { name: "mdi", package: "@mdi/svg", licence: "Apache-2.0", read: readMaterial },
  { name: "lucide", package: "lucide-static", licence: "ISC", read: readLucide },
  { name: "tabler", package: "@tabler/icons", licence: "MIT", read: readTabler },
  { name: "streamline-freehand", package: "@iconify-json/streamline-freehand-color", licence: "CC-BY-4.0", read: readIconify },
];

async function readIconify(source: PicturePackage): Promise<SetIcon[]> {
  const set = await IconifySet.load(source);
  return set.names.flatMap((name) => {
    const svg = set.svg(name);
    return svg === undefined ? [] : [{ name, tags: [], source: { svg } }];
  });
}

const tabler = z.record(
  z.string(),
  z.object({
    name: z.string(),
    category: z.string(),
    tags: z.array(z.union([z.string(), z.number(), z.null()])),
    styles: z.record(z.string(), z.unknown()),
  }),
);

async function readTabler(source: PicturePackage): Promise<SetIcon[]> {
  const icons = Object.values(await readPackageJson(join(source.folder, "icons.json"), tabler));
  const wanted = icons.filter((icon) => icon.category !== "Brand" && "outline" in icon.styles);
  return readSvgs(
    wanted.map(({ name, tags }) => ({
      name,
      tags: tags.filter((tag) => typeof tag === "string"),
      file: join(source.folder, "icons", "outline", `${name}.svg`),
    })),
  );
}

const material = z.array(
  z.object({
    name: z.string(),
    aliases: z.array(z.string()),
    tags: z.array(z.string()),
    styles: z.array(z.string()),
    deprecated: z.boolean(),
  }),
);

async function readMaterial(source: PicturePackage): Promise<SetIcon[]> {
  const icons = await readPackageJson(join(source.folder, "meta.json"), material);
  const wanted = icons.filter((icon) => icon.styles.length === 0 && !icon.deprecated && !icon.tags.includes("Brand / Logo"));
  return readSvgs(wanted.map(({ name, aliases }) => ({ name, tags: aliases, file: join(source.folder, "svg", `${name}.svg`) })));
}

async function readLucide(source: PicturePackage): Promise<SetIcon[]> {
  const tags = await readPackageJson(join(source.folder, "tags.json"), z.record(z.string(), z.array(z.string())));
  return readSvgs(Object.entries(tags).map(([name, words]) => ({ name, tags: words, file: join(source.folder, "icons", `${name}.svg`) })));
}

const phosphor = z.object({ icons: z.array(z.object({ name: z.string(), categories: z.array(z.string()), tags: z.array(z.string()) })) });

async function readPhosphor(source: PicturePackage): Promise<SetIcon[]> {
  const file = join(source.folder, "dist", "index.mjs");
  const { icons } = phosphor.parse(await import(pathToFileURL(file).href));
  const wanted = icons.filter((icon) => !icon.categories.includes("brands"));
  return readSvgs(wanted.map(({ name, tags }) => ({ name, tags, file: join(source.folder, "assets", "fill", `${name}-fill.svg`) })));
}

/** Reads SVG files; an icon whose file is not there (renamed, withdrawn) is left out. */
async function readSvgs(
  icons: readonly { readonly name: string; readonly tags: readonly string[]; readonly file: string }[],
): Promise<SetIcon[]> {
  const read: SetIcon[] = [];
  for (const { name, tags, file } of icons) {
    const svg = await readFile(file, "utf8").catch(() => undefined);
    if (svg !== undefined) read.push({ name, tags, source: { svg } });
  }
  if (read.length > 0 || icons.length === 0) return read;
  throw new DataError({
    message: `no icon of ${icons[0]?.file} and its like can be read; remove node_modules and run "npm install" again`,
    details: { file: icons[0]?.file },
  });
}
