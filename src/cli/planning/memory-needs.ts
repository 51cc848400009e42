import type { Recipe } from "../../train/recipe/recipe-types.ts";
import { chunkSizesOf } from "../../train/steps/chunk-sizes.ts";
import type { TrainingPlan } from "./plan-training.ts";

/** Bytes that training holds at its highest point. */
export interface MemoryNeeds {
  /** All weights: 32-bit floats, or in mixed precision 16-bit ones where they are frozen, as bases of the hub have them in their files. */
  readonly weights: number;
  /** Gradients of what is trained, and their sum over chunks and batches where there are several. */
  readonly gradients: number;
  /** The optimiser's running means. */
  readonly optimizer: number;
  /** What is held between the forward and the backward pass, for every kind of batch. */
  readonly activations: number;
  /** What the data holds in memory: the decoded pictures of the emoji. */
  readonly data: number;
  /** Node, ONNX Runtime and their libraries. */
  readonly program: number;
  readonly all: number;
}

/** Measured: a process that has loaded all of it and trained a model of next to no size. */
const PROGRAM_BYTES = 300e6;
const FLOAT_BYTES = 4;
const HALF_BYTES = 2;

/** What a planned training holds. */
export function memoryNeeds({ recipe, parameters, step, dataBytes }: TrainingPlan): MemoryNeeds {
  const { total, trained } = parameters.all;
  const parts = {
    weights: FLOAT_BYTES * trained + (recipe.precision === "float32" ? FLOAT_BYTES : HALF_BYTES) * (total - trained),
    gradients: FLOAT_BYTES * trained * (sumsGradients(recipe, step.inputs) ? 2 : 1),
    optimizer: FLOAT_BYTES * trained * 2,
    activations: step.activations,
    data: dataBytes,
    program: PROGRAM_BYTES,
  };
  return { ...parts, all: Object.values(parts).reduce((sum, bytes) => sum + bytes) };
}

function sumsGradients({ chunkSize, accumulation }: Recipe, inputs: number): boolean {
  if (accumulation > 1 || chunkSize === undefined) return accumulation > 1;
  const { queries, targets } = chunkSizesOf(chunkSize);
  return inputs > Math.min(queries, targets);
}
