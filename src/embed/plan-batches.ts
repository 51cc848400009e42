/** How large an input is: what decides which others it is batched with. */
export interface InputSize {
  /** Tokens, image included. */
  readonly tokens: number;
  /** Patches on the two sides of the image; undefined without one. */
  readonly grid?: { readonly rows: number; readonly columns: number } | undefined;
}

/** A batch is cut where filling up would add more than this share, and more than {@link LEAST_WASTE} places. */
const MOST_WASTE = 0.5;
const LEAST_WASTE = 512;

/**
 * Pairs of places that a batch's attention scores at most, in a head: for each of the inputs all of its tokens with all, or all patches. A layer
 * holds its scores while it runs, so that 32 inputs of 724 tokens, or one of 4,096, need 64 MiB for each head.
 */
const MOST_PAIRS = 2 ** 24;

/**
 * Puts inputs of like size together, texts and images apart, so that little is filled up: images of one size together, lengths ascending. Batches of
 * long inputs are smaller.
 * @returns places in `sizes`, batch by batch; every place once.
 */
export function planBatches(sizes: readonly InputSize[], batchSize: number): number[][] {
  const order = sizes.map((_, place) => place).sort((a, b) => compareSizes(sizes[a] as InputSize, sizes[b] as InputSize));
  const batches: number[][] = [];
  let current: number[] = [];
  let fill = new Fill();
  for (const place of order) {
    const size = sizes[place] as InputSize;
    if (current.length > 0 && (current.length === batchSize || !fill.takes(size))) {
      batches.push(current);
      current = [];
      fill = new Fill();
    }
    current.push(place);
    fill.add(size);
  }
  if (current.length > 0) batches.push(current);
  return batches;
}

function compareSizes(a: InputSize, b: InputSize): number {
  return patchesOf(a) - patchesOf(b) || (a.grid?.rows ?? 0) - (b.grid?.rows ?? 0) || a.tokens - b.tokens;
}

function patchesOf({ grid }: InputSize): number {
  return grid === undefined ? 0 : grid.rows * grid.columns;
}

/** What a batch holds so far. */
class Fill {
  #count = 0;
  #tokens = 0;
  #patches = 0;
  #mostTokens = 0;
  #mostPatches = 0;

  add(size: InputSize): void {
    this.#count++;
    this.#tokens += size.tokens;
    this.#patches += patchesOf(size);
    this.#mostTokens = Math.max(this.#mostTokens, size.tokens);
    this.#mostPatches = Math.max(this.#mostPatches, patchesOf(size));
  }

  takes(size: InputSize): boolean {
    if (this.#mostPatches > 0 !== patchesOf(size) > 0) return false;
    const count = this.#count + 1;
    const [tokens, patches] = [Math.max(this.#mostTokens, size.tokens), Math.max(this.#mostPatches, patchesOf(size))];
    if (count * Math.max(tokens, patches) ** 2 > MOST_PAIRS) return false;
    const isWasteful = (most: number, sum: number): boolean => count * most - sum > Math.max(LEAST_WASTE, MOST_WASTE * sum);
    return !isWasteful(tokens, this.#tokens + size.tokens) && !isWasteful(patches, this.#patches + patchesOf(size));
  }
}
