/** Decoded pixels, row by row from the top left. */
export interface RawImage {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** [height, width, 3] uint8, sRGB, alpha already composed on white. */
  readonly data: Uint8Array;
}

/** A picture: a path, the encoded bytes of a file (PNG, JPEG, WebP, SVG, ...), or decoded pixels. */
export type ImageSource = string | Uint8Array | RawImage;

/** What is embedded: an image, a text, or both, with an optional instruction that says what the embedding is for. */
export interface EmbeddingInput {
  readonly image?: ImageSource;
  readonly text?: string;
  readonly instruction?: string;
}
