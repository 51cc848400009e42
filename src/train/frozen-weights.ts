import type { ExternalData } from "../engine/graph/operations.ts";
import type { FloatTensor } from "../engine/tensor/tensor.ts";
import type { ParameterPlace } from "../model/nn/parameter-source.ts";

/** A weight that training leaves as it is. It is not read: the graphs of training take it from its file. */
export interface FrozenWeight {
  /** As graphs have it. */
  readonly shape: readonly number[];
  readonly data: ExternalData;
}

/** Frozen weights by name. */
export type FrozenWeights = ReadonlyMap<string, FrozenWeight>;

/** How weights enter a graph of training: what is frozen from its file, all else as inputs. */
export function trainingPlaces(frozen: FrozenWeights = new Map()): (name: string) => ParameterPlace {
  return (name) => {
    const weight = frozen.get(name);
    return weight === undefined ? INPUT : { kind: "external", data: weight.data };
  };
}

const INPUT: ParameterPlace = { kind: "input" };

/** All weights of a model in training with their shapes, frozen ones too. */
export function allShapes(model: {
  readonly weights: ReadonlyMap<string, FloatTensor>;
  readonly frozen?: FrozenWeights;
}): Map<string, { readonly shape: readonly number[] }> {
  return new Map<string, { readonly shape: readonly number[] }>([...model.weights, ...(model.frozen ?? [])]);
}
