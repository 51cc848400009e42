import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { IconifySet, readIconifyCharacters } from "../pictures/iconify-set.ts";
import type { PicturePackage } from "../pictures/picture-package.ts";
import type { PictureSource } from "../pictures/render-picture.ts";
import { normaliseCodePoints } from "./code-points.ts";
import type { EmojiWords } from "./concepts.ts";
import { DRAWING_NAMES } from "./drawing-names.ts";
import type { DrawingFiles, DrawingSet } from "./drawing-sets.ts";

/** Where the picture of an emoji is found, by the emoji's id. */
export type FoundDrawings = ReadonlyMap<string, PictureSource>;

/** Finds the pictures of a set. @param names what other packages call the emoji: name -> id. */
export async function findDrawings(set: DrawingSet, source: PicturePackage, names: ReadonlyMap<string, string>): Promise<FoundDrawings> {
  switch (set.lookup) {
    case "characters":
      return findByCharacter(await IconifySet.load(source), await readIconifyCharacters(source));
    case "names":
      return findByName(
        await IconifySet.load(source),
        new Map([...names, ...Object.entries(DRAWING_NAMES[set.name] ?? {})].map(compactEntry)),
      );
    default:
      return findFiles(join(source.folder, set.lookup.folder), set.lookup.extension);
  }
}

/**
 * All the names emoji go by: labels first, then names in other packages, then shortcodes; the first to claim a name has it.
 * @param characters per package, code points -> name.
 */
export function emojiNames(emoji: readonly EmojiWords[], characters: readonly Readonly<Record<string, string>>[]): Map<string, string> {
  const ids = new Set(emoji.map((words) => words.id));
  const names = new Map<string, string>();
  const claim = (name: string, id: string): void => {
    const key = compactName(name);
    if (!names.has(key) && key !== "") names.set(key, id);
  };
  for (const words of emoji) claim(words.label, words.id);
  for (const [codePoints, name] of characters.flatMap((record) => Object.entries(record))) {
    const id = normaliseCodePoints(codePoints);
    if (ids.has(id)) claim(name, id);
  }
  for (const words of emoji) for (const shortcode of words.shortcodes) claim(shortcode, words.id);
  return names;
}

/** A name as lower-case letters and digits only: sets differ in how they join words. */
function compactName(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll("&", "and")
    .replaceAll(/[^a-z0-9]/g, "");
}

function compactEntry([name, id]: readonly [string, string]): [string, string] {
  return [compactName(name), id];
}

async function findFiles(folder: string, extension: DrawingFiles["extension"]): Promise<FoundDrawings> {
  const found = new Map<string, PictureSource>();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(extension)).sort()) {
    const path = join(folder, file);
    const source = extension === ".svg" ? { svg: await readFile(path, "utf8") } : { file: path };
    found.set(normaliseCodePoints(file.slice(0, -extension.length)), source);
  }
  return found;
}

function findByCharacter(set: IconifySet, characters: Readonly<Record<string, string>>): FoundDrawings {
  const found = new Map<string, PictureSource>();
  for (const [codePoints, name] of Object.entries(characters)) {
    const svg = set.svg(name);
    if (svg !== undefined) found.set(normaliseCodePoints(codePoints), { svg });
  }
  return found;
}

/** A name that ends in `-1` is the first of several variants; the others are left out. */
function findByName(set: IconifySet, names: ReadonlyMap<string, string>): FoundDrawings {
  const found = new Map<string, PictureSource>();
  for (const name of set.names) {
    const id = names.get(compactName(name)) ?? (name.endsWith("-1") ? names.get(compactName(name.slice(0, -2))) : undefined);
    const svg = id === undefined || found.has(id) ? undefined : set.svg(name);
    if (id !== undefined && svg !== undefined) found.set(id, { svg });
  }
  return found;
}
