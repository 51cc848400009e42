/** One side of a training pair, as its file has it. */
export interface PairSide {
  readonly text: string;
  /** Paths below the images' root, in the order of their places in the text. */
  readonly images: readonly string[];
  /** Of sides that the model's own template lays out; sides without are prompts that are taken as they stand, as MMEB's are. */
  readonly parts?: { readonly instruction: string };
}

/** A row of training data: a query, what answers it, and what does not though it looks like it. */
export interface PairRow {
  /** From 0 in its dataset. */
  readonly row: number;
  readonly query: PairSide;
  /** At least one, if the row can be used. */
  readonly positives: readonly PairSide[];
  readonly hardNegatives: readonly PairSide[];
  /** Rows with the same key answer each other's query, whatever they hold. */
  readonly positiveKey?: string | undefined;
  /** The batch it belongs to, from 0, where the data tells batches. */
  readonly batch?: number | undefined;
}

/** Whether a side holds nothing at all. */
export function isEmptySide({ text, images }: PairSide): boolean {
  return text.trim() === "" && images.length === 0;
}

/** Whether a row cannot be trained on, as its query or every positive is empty: MMEB has some, and the reference leaves them out too. */
export function isEmptyRow({ query, positives }: PairRow): boolean {
  return isEmptySide(query) || positives.every(isEmptySide);
}

/** What a side is: sides of the same text and images, blanks apart, are the same thing. */
export function sideKey({ text, images, parts }: PairSide): string {
  return JSON.stringify([text.trim().replaceAll(/\s+/g, " "), images, parts?.instruction ?? ""]);
}
