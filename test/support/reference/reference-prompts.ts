import type { RawImage } from "../../../src/inputs/embedding-input.ts";
import { picture } from "../../fixtures/llava-next/picture.ts";

/** A prompt that the reference implementation's processor turned into tokens. */
export interface ReferencePrompt {
  readonly prompt: string;
  readonly images: readonly (readonly [width: number, height: number])[];
  /** Runs of the image's token are `[token, times]`. */
  readonly ids: readonly (number | readonly [token: number, times: number])[];
}

/** The pictures of a prompt, numbered from 0. */
export function picturesOf({ images }: ReferencePrompt): RawImage[] {
  return images.map(([width, height], seed) => picture(width, height, seed));
}

/** Its tokens, one by one. */
export function idsOf({ ids }: ReferencePrompt): number[] {
  return ids.flatMap((id) => (typeof id === "number" ? [id] : Array.from({ length: id[1] }, () => id[0])));
}
