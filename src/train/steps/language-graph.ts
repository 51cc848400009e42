import { multiplyDimensions, symbol, type Dimension } from "../../engine/graph/dimension.ts";
import { GraphBuilder } from "../../engine/graph/graph-builder.ts";
import { cast, gather, less, matmul, mul, reduceMax, reduceMean, reduceSum, reshape, sub } from "../../engine/graph/operators.ts";
import type { Value } from "../../engine/graph/value.ts";
import { Parameters } from "../../model/nn/parameter-source.ts";
import { encodeTokens, outputTable, type ModelGraphOptions } from "../../model/multimodal/model.ts";
import { logSumExp } from "../objective/numerics.ts";
import { LOSS_SCOPE } from "../precision/precision.ts";
import type { StepGraph } from "./step-graph.ts";

/**
 * Language modelling of the answers: mean over answer tokens of `-log softmax(h·Eᵀ)[next token]`, h being the final hidden state before it.
 * Only the rows that predict an answer token meet the vocabulary. Inputs beside the batch's: `answerRows` [A] int32 (row b * T + t of the token
 * before), `answerIds` [A] int32. Outputs: `loss`, `accuracy` (share of answer tokens whose score is the highest).
 * No path and no prefix takes part: it trains the backbone.
 */
export function languageGraph(options: ModelGraphOptions): StepGraph {
  const builder = new GraphBuilder();
  const parameters = new Parameters(builder, options);
  const hidden = encodeTokens(parameters, options);
  const outputs = builder.scope(LOSS_SCOPE, () => answerLoss(parameters, hidden, options));
  return { graph: builder.finish(outputs), shapes: parameters.shapes };
}

function answerLoss(parameters: Parameters, hidden: Value, options: ModelGraphOptions): Readonly<Record<string, Value>> {
  const { builder } = parameters;
  const answers: Dimension = symbol("answers");
  const rows = builder.input("answerRows", "int32", [answers]);
  const ids = builder.input("answerIds", "int32", [answers]);
  const table = outputTable(parameters, options.backbone);
  const states = gather(reshape(hidden, [flatRows(hidden), options.backbone.decoder.hiddenSize]), rows);
  const scores = matmul(states, table, { transposeB: true });
  const right = reduceSum(mul(states, gather(table, ids)), [-1]);
  const best = reduceMax(scores, [-1]);
  return {
    loss: reduceMean(sub(reshape(logSumExp(scores), [answers]), right), [0]),
    accuracy: reduceMean(cast(less(sub(best, right), 1e-5), "float32"), [0]),
  };
}

function flatRows(hidden: Value): Dimension {
  const [batch, tokens] = hidden.shape as [Dimension, Dimension];
  return multiplyDimensions(batch, tokens);
}
