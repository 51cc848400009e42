import { decodeImage } from "../../inputs/decode-image.ts";
import type { ImageSource } from "../../inputs/embedding-input.ts";
import type { CaseGallery, QueryCase, TaskCases } from "./query-case.ts";

/** Gives a picture by the name that items have; undefined if there is none. */
export type PictureOpener = (image: string, task: string) => ImageSource | undefined | Promise<ImageSource | undefined>;

/** Characters of all pictures of a page together, from which on no new one is taken; what several cases show counts each time. */
const MOST_CHARACTERS = 3.5e6;

/** Pixels on the longer side. */
const SIDE = 112;

/**
 * Adds small pictures to cases as long as the page stays small: the first case of every task comes first, then the second of every task, so that what
 * is left out is the same each time and falls on all alike. A picture that cannot be read is counted, and is no error.
 */
export async function withPictures(tasks: readonly TaskCases[], open: PictureOpener, most: number = MOST_CHARACTERS): Promise<CaseGallery> {
  const pictures: Record<string, string> = {};
  const unreadable = new Set<string>();
  const tooMany = new Set<string>();
  let characters = 0;
  for (const { image, task } of inTurn(tasks)) {
    if (unreadable.has(image) || tooMany.has(image)) continue;
    const known = pictures[image];
    const uri = known ?? (await thumbnail(image, task, open));
    if (uri === undefined) unreadable.add(image);
    else if (known === undefined && characters + uri.length > most) tooMany.add(image);
    else {
      pictures[image] = uri;
      characters += uri.length;
    }
  }
  return { tasks, pictures, leftOut: tooMany.size, unreadable: unreadable.size };
}

/** Every picture of every case, the first cases of all tasks before the second ones. */
function* inTurn(tasks: readonly TaskCases[]): Generator<{ readonly image: string; readonly task: string }> {
  const most = Math.max(0, ...tasks.map(({ cases }) => cases.length));
  for (let place = 0; place < most; place++) {
    for (const { task, cases } of tasks) {
      const shown = cases[place];
      for (const image of shown === undefined ? [] : picturesOf(shown)) yield { image, task };
    }
  }
}

function picturesOf({ query, candidates }: QueryCase): string[] {
  return [query, ...candidates.map(({ item }) => item)].flatMap(({ image }) => image ?? []);
}

/** A picture as a `data:image/webp;base64,` URI; undefined if it cannot be read. */
async function thumbnail(image: string, task: string, open: PictureOpener): Promise<string | undefined> {
  try {
    const source = await open(image, task);
    if (source === undefined) return undefined;
    const { data, width, height } = await decodeImage(source);
    const { default: sharp } = await import("sharp"); // only where there is a picture: it takes a while to load
    const webp = await sharp(data, { raw: { width, height, channels: 3 } })
      .resize({ width: SIDE, height: SIDE, fit: "inside", withoutEnlargement: true })
      .webp({ quality: 75 })
      .toBuffer();
    return `data:image/webp;base64,${webp.toString("base64")}`;
  } catch {
    return undefined;
  }
}
