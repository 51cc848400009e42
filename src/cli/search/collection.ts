import type { VectorIndex } from "../../search/vector-index.ts";

/** What is known of a stored picture beside its embedding. */
export interface StoredPicture {
  /** "happy cat", or the name of the file. */
  readonly name: string;
  /** The emoji as text. */
  readonly character?: string;
  /** Who drew it: noto, openmoji, ... */
  readonly vendor?: string;
  /** Files that hold it, relative to the folder that is searched. */
  readonly files?: readonly string[];
}

/** Something that can be searched. */
export interface Collection {
  readonly index: VectorIndex;
  /** By id of the index. */
  readonly pictures: ReadonlyMap<string, StoredPicture>;
}
