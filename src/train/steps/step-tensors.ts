import { expectFloat, intTensor, scalar, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { present } from "../../errors/families.ts";
import { modelInputs } from "../../model/multimodal/model-inputs.ts";
import type { TokenBatch } from "../../model/multimodal/token-batch.ts";
import { RandomStream, type StreamKey } from "../../random/random-stream.ts";
import type { ContrastiveBatch } from "../batch-source.ts";
import { makeMasks } from "../objective/contrastive-masks.ts";
import type { LossOptions } from "../objective/loss-graph.ts";
import type { LossWeights } from "../objective/loss-settings.ts";
import type { LanguageTokens } from "./batch-processor.ts";
import type { StepEngineOptions, StepResult } from "./step-engine.ts";

type NamedOutputs = Readonly<Record<string, Tensor>>;

/** A batch's tokens and pixels as graph inputs. @param prefix put before their names. */
export function batchInputs({ backbone, paths }: StepEngineOptions["model"], batch: TokenBatch, prefix = ""): Record<string, Tensor> {
  const inputs = modelInputs(backbone, paths, batch);
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [prefix + name, tensor]));
}

/** Masks and scalars of the contrastive loss as graph inputs. */
export function contrastInputs(batch: ContrastiveBatch, weights: LossWeights): Record<string, Tensor> {
  const { length } = batch.queries;
  return {
    ...makeMasks(batch.targetKeys.slice(0, length), batch.targetKeys.slice(length)),
    temperature: scalar(weights.temperature),
    pathWeight: scalar(weights.pathWeight),
    regulariserWeight: scalar(weights.regulariserWeight),
  };
}

/** Which inputs of a batch are encoded. */
export interface EncodedPart {
  readonly side: "query" | "target" | "caption";
  /** Place of the first one in its side. */
  readonly start: number;
  readonly count: number;
}

/**
 * A random number for each input, by which adapters' inputs are left out, as graph inputs; nothing where none are. They depend on the run, the step and the input's
 * place alone, so that they are the same in both passes of GradCache, whatever the chunks, and on however many processes.
 * @param keys of the run and the step. @param prefix put before the name.
 */
export function dropoutInputs(
  { lora }: StepEngineOptions["model"],
  keys: readonly StreamKey[],
  { side, start, count, prefix = "" }: EncodedPart & { readonly prefix?: string },
): Record<string, Tensor> {
  if ((lora?.dropout ?? 0) === 0) return {};
  const seedOf = (at: number): number => new RandomStream("dropout", ...keys, side, start + at).integer(2 ** 32) | 0;
  return {
    [`${prefix}dropoutSeeds`]: intTensor(
      [count],
      Int32Array.from({ length: count }, (_, at) => seedOf(at)),
    ),
  };
}

/** Where the answers of a batch for language modelling are, as graph inputs. */
export function answerInputs({ answerRows, answerIds }: LanguageTokens): Record<string, Tensor> {
  return { answerRows, answerIds };
}

/** The input that holds the gradient of an output, from which a graph's backward pass begins. */
export function seedName(output: string): string {
  return `seed:${output}`;
}

/** Seeds of a graph that has a `loss`: it is scaled where the precision asks for it. */
export const LOSS_SEEDS: Readonly<Record<string, string>> = { loss: seedName("loss") };

/** The loss's seed as graph inputs. */
export function lossSeed(lossScale = 1): Record<string, Tensor> {
  return { [seedName("loss")]: scalar(lossScale) };
}

/** The loss that an engine computes. */
export function lossOptions({ model, regulariser, symmetric }: StepEngineOptions): LossOptions {
  return { pathCount: model.paths.count, dimensions: model.backbone.decoder.hiddenSize, regulariser, symmetric };
}

/** The loss and its parts, from the outputs of the loss graph and the path embeddings beside them. */
export function contrastiveParts(outputs: NamedOutputs): Omit<StepResult, "gradients"> {
  return {
    loss: scalarOf(outputs, "loss"),
    precision: scalarOf(outputs, "aggregatePrecision"),
    aggregateLoss: scalarOf(outputs, "aggregateLoss"),
    regulariser: scalarOf(outputs, "regulariser"),
    pathLosses: [...floatsOf(outputs, "pathLosses").data],
    pathPrecisions: [...floatsOf(outputs, "pathPrecisions").data],
    embeddings: { queryPaths: floatsOf(outputs, "queryPaths"), targetPaths: floatsOf(outputs, "targetPaths") },
  };
}

/** An output of float32. */
export function floatsOf(outputs: NamedOutputs, name: string): FloatTensor {
  return expectFloat(present(outputs[name], name));
}

/** A scalar output as a number. */
export function scalarOf(outputs: NamedOutputs, name: string): number {
  return present(floatsOf(outputs, name).data[0], name);
}
