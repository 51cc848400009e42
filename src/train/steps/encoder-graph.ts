import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { encodeBatch, type ModelGraphOptions } from "../../model/multimodal/model.ts";
import { Parameters } from "../../model/nn/parameter-source.ts";
import type { StepGraph } from "./step-graph.ts";

/** One batch of inputs encoded as the loss takes it: outputs `paths` [B, N, D] and `aggregate` [B, D], of any length. */
export function encoderGraph(options: ModelGraphOptions): StepGraph {
  const builder = new GraphBuilder();
  const parameters = new Parameters(builder, options);
  const { paths, aggregate } = encodeBatch(parameters, options);
  return { graph: builder.finish({ paths, aggregate }), shapes: parameters.shapes };
}
