import type { ExternalData } from "../../engine/graph/operations.ts";
import type { Backbone } from "../multimodal/backbone.ts";
import type { ParameterPlace } from "../nn/parameter-source.ts";
import type { QuantizedWeight } from "./model-weights.ts";

/** Where the weights of a model lie. */
export interface WeightPlaces {
  /** Where a weight lies if its bytes can be used as they are. */
  readonly locate: (name: string) => ExternalData | undefined;
  /** Where it lies if it is held in signed bytes. */
  readonly quantized: (name: string) => Promise<QuantizedWeight | undefined>;
}

/**
 * How a weight enters a graph without being read: in signed bytes, or as it lies in its file. Rows of signed bytes are of use where single ones are
 * looked up; a product wants columns. @returns undefined if the weight has to be read.
 */
export async function placeWeight(
  { decoder }: Pick<Backbone, "decoder">,
  name: string,
  { locate, quantized }: WeightPlaces,
): Promise<ParameterPlace | undefined> {
  const bytes = await quantized(name);
  const isUsable = bytes?.layout !== "rows" || name === `${decoder.names.tokens}.weight`;
  if (bytes !== undefined && isUsable) return { kind: "quantized", ...bytes };
  const data = locate(name);
  return data === undefined ? undefined : { kind: "external", data };
}
