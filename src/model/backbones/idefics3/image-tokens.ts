import type { Tokenizer } from "../../formats/tokenizer.ts";
import type { TileLayout } from "./image-layout.ts";

/** The token that stands for a part of an image. */
export const IMAGE_TOKEN = "<image>";
/** The token before each tile and after the last. */
export const TILE_TOKEN = "<fake_token_around_image>";

/**
 * What stands for an image: each tile behind a marker that tells its place, rows on lines of their own, and last the tile that shows all of it. In
 * some vocabularies the places' markers are tokens, in others words of several.
 * @param tokensPerTile how often a tile's image token is repeated. @source `Idefics3Processor` of `transformers`.
 */
export function imageTokens(
  { rows, columns }: Pick<TileLayout, "rows" | "columns">,
  { tokenizer, tokensPerTile }: { readonly tokenizer: Tokenizer; readonly tokensPerTile: number },
): number[] {
  const row = (at: number): string => Array.from({ length: columns }, (_, column) => tile(`<row_${at + 1}_col_${column + 1}>`)).join("");
  const lines = Array.from({ length: rows }, (_, at) => `${row(at)}\n`).join("");
  const text = `${lines}${rows > 0 ? "\n" : ""}${tile("<global-img>")}${TILE_TOKEN}`;
  const imageToken = tokenizer.tokenId(IMAGE_TOKEN);
  return Array.from(tokenizer.encode(text)).flatMap((id) => (id === imageToken ? Array.from({ length: tokensPerTile }, () => id) : [id]));
}

function tile(marker: string): string {
  return `${TILE_TOKEN}${marker}${IMAGE_TOKEN}`;
}
