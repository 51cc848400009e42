import { sameShape, type Shape } from "../graph/dimension.ts";
import type { OnnxWriter } from "./onnx-writer.ts";

interface AttentionBias {
  readonly name: string;
  readonly shape: Shape;
  /** [B, H, T, S] */
  readonly scores: Shape;
}

/** A bias as the Attention operator takes it: ONNX Runtime broadcasts it over inputs and heads, but not over tokens and keys. */
export function attentionBias(writer: OnnxWriter, { name, shape, scores }: AttentionBias): string {
  const needed = scores.slice(2);
  if (sameShape(shape.slice(-2), needed)) return name;
  return writer.node("Expand", [name, writer.shape([...shape.slice(0, -2), ...needed])]);
}
