import { present } from "../../errors/families.ts";
import { intTensor, type IntTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { decoderRotaryTables } from "../nn/rotary-tables.ts";
import type { PathConfig } from "../paths/path-config.ts";
import type { Backbone } from "./backbone.ts";
import type { TokenBatch } from "./token-batch.ts";

/** The inputs of a model graph (without weights) for a batch. */
export function modelInputs(
  backbone: Pick<Backbone, "decoder" | "imageTokenId">,
  paths: PathConfig,
  batch: TokenBatch,
): Record<string, Tensor> {
  const [rows, tokens] = batch.inputIds.shape as [number, number];
  const tables = decoderRotaryTables(backbone.decoder.rotary, batch.positionIds.data, [rows, tokens]);
  const { images } = batch;
  return {
    inputIds: batch.inputIds,
    cosines: tables.cosines,
    sines: tables.sines,
    lastRows: intTensor(
      [rows],
      Int32Array.from(batch.lengths, (length, row) => row * tokens + length - 1),
    ),
    ...readoutInputs(backbone, paths, batch),
    ...(images === undefined
      ? {}
      : { ...images.inputs, sourceRows: sourceRows(batch.inputIds, backbone.imageTokenId, images.featureRows) }),
  };
}

/** Positions of the readout tokens: right behind each input's last one, counted anew in each path. */
function readoutInputs({ decoder }: Pick<Backbone, "decoder">, { topology, count }: PathConfig, batch: TokenBatch): Record<string, Tensor> {
  if (topology.kind !== "shared") return {};
  const [axes, rows, tokens] = batch.positionIds.shape as [number, number, number];
  const readouts = count * topology.readoutTokens;
  const positions = new Int32Array(axes * rows * readouts);
  for (let row = 0; row < rows; row++) {
    const last = lastPosition(batch, row, tokens);
    for (let readout = 0; readout < readouts; readout++) {
      for (let axis = 0; axis < axes; axis++)
        positions[(axis * rows + row) * readouts + readout] = last + 1 + (readout % topology.readoutTokens);
    }
  }
  const { cosines, sines } = decoderRotaryTables(decoder.rotary, positions, [rows, readouts]);
  return { lengths: intTensor([rows], batch.lengths), readoutCosines: cosines, readoutSines: sines };
}

function lastPosition({ positionIds, lengths }: TokenBatch, row: number, tokens: number): number {
  const [axes, rows] = positionIds.shape as [number, number, number];
  const at = row * tokens + (lengths[row] as number) - 1;
  return Math.max(...Array.from({ length: axes }, (_, axis) => positionIds.data[axis * rows * tokens + at] as number));
}

/** For each token the row it comes from: its own embedding, or the image feature behind all B * T embeddings. */
function sourceRows(inputIds: IntTensor, imageTokenId: number, featureRows: Int32Array): IntTensor {
  let used = 0;
  const rows = inputIds.data.map((id, at) =>
    id === imageTokenId ? inputIds.data.length + present(featureRows[used++], "an image feature") : at,
  );
  return intTensor(inputIds.shape, rows);
}
