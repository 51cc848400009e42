import { join } from "node:path";
import { z } from "zod";
import { readPackageJson, type PicturePackage } from "../pictures/picture-package.ts";
import { normaliseCodePoints } from "./code-points.ts";

/** What an emoji means, in words, before any drawing of it was looked for. */
export interface EmojiWords {
  /** Code points as {@link normaliseCodePoints} writes them. */
  readonly id: string;
  /** The emoji itself, as text. */
  readonly character: string;
  /** "grinning face". */
  readonly label: string;
  /** Other words for it, in the package's order, the label itself left out. */
  readonly tags: readonly string[];
  /** "smileys & emotion". */
  readonly group: string;
  /** "face smiling". */
  readonly subgroup: string;
  /** Names other packages may know it by. */
  readonly shortcodes: readonly string[];
}

const rowSchema = z.object({
  label: z.string(),
  hexcode: z.string(),
  emoji: z.string(),
  tags: z.array(z.string()).optional(),
  group: z.number().optional(),
  subgroup: z.number().optional(),
});
const groupsSchema = z.object({ groups: z.record(z.string(), z.string()), subgroups: z.record(z.string(), z.string()) });
const shortcodesSchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** Skin-tone swatches and hair pieces: parts of emoji, not emoji. */
const COMPONENT_GROUP = "component";
const SHORTCODE_SETS = ["cldr", "emojibase", "github", "iamcal", "joypixels"] as const;

/**
 * Reads the words of `emojibase-data`: base forms only (no skin tones), components and single regional letters left out, in Unicode's order.
 * @throws {DataError} if a file of the package is damaged.
 */
export async function readEmojiWords(source: PicturePackage): Promise<EmojiWords[]> {
  const english = join(source.folder, "en");
  const rows = await readPackageJson(join(english, "data.json"), z.array(rowSchema.extend({ order: z.number().optional() })));
  const { groups, subgroups } = await readPackageJson(join(source.folder, "meta", "groups.json"), groupsSchema);
  const shortcodes = await readShortcodes(english);
  const words = rows.flatMap((row) => {
    const group = groups[row.group ?? -1];
    const subgroup = subgroups[row.subgroup ?? -1];
    if (group === undefined || subgroup === undefined || group === COMPONENT_GROUP) return [];
    const id = normaliseCodePoints(row.hexcode);
    const label = plainText(row.label);
    const tags = [...new Set((row.tags ?? []).map(plainText))].filter((tag) => tag !== label);
    const entry = { id, character: row.emoji, label, tags, group: group.replaceAll("-", " "), subgroup: subgroup.replaceAll("-", " ") };
    return [{ order: row.order ?? 0, words: { ...entry, shortcodes: shortcodes.get(id) ?? [] } }];
  });
  return words.sort((left, right) => left.order - right.order).map((entry) => entry.words);
}

async function readShortcodes(folder: string): Promise<Map<string, string[]>> {
  const byId = new Map<string, string[]>();
  for (const set of SHORTCODE_SETS) {
    const codes = await readPackageJson(join(folder, "shortcodes", `${set}.json`), shortcodesSchema);
    for (const [hexcode, names] of Object.entries(codes)) {
      const id = normaliseCodePoints(hexcode);
      byId.set(id, [...(byId.get(id) ?? []), ...(typeof names === "string" ? [names] : names)]);
    }
  }
  return byId;
}

/** Straight quotes and single spaces, so that the same word is always the same text. */
function plainText(text: string): string {
  return text.replaceAll(/[“”]/g, '"').replaceAll(/[‘’]/g, "'").replaceAll(/\s+/g, " ").trim();
}
