/** Patches of one image. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
}

/** What a tower that reads patches in merge blocks is made for: sizes of patches, blocks and heads. */
export interface PatchVisionConfig {
  /** Width of the vision transformer. */
  readonly embedDimension: number;
  readonly headCount: number;
  /** Pixels on a side. */
  readonly patchSize: number;
  /** Frames; a still image is repeated that often. */
  readonly temporalPatchSize: number;
  /** Patches on a side that become one token. */
  readonly spatialMergeSize: number;
  readonly inChannels: number;
}

/** What a patch is made of, in the order of the tower's convolution: channels, frames, rows and columns. */
export function patchShape({ inChannels, temporalPatchSize, patchSize }: PatchVisionConfig): readonly [number, number, number, number] {
  return [inChannels, temporalPatchSize, patchSize, patchSize];
}

/** Row and column of each patch, in the order the processor gives them: block by block, `merge x merge` patches a block. */
export function patchPlaces({ rows, columns }: PatchGrid, merge: number): (readonly [row: number, column: number])[] {
  const places: (readonly [number, number])[] = [];
  for (let blockRow = 0; blockRow < rows; blockRow += merge) {
    for (let blockColumn = 0; blockColumn < columns; blockColumn += merge) {
      for (let row = 0; row < merge; row++) {
        for (let column = 0; column < merge; column++) places.push([blockRow + row, blockColumn + column]);
      }
    }
  }
  return places;
}
