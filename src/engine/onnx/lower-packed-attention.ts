import { invariant, present } from "../../errors/families.ts";
import { multiplyDimensions, type Dimension } from "../graph/dimension.ts";
import type { Value } from "../graph/value.ts";
import { attentionBias } from "./attention-bias.ts";
import type { OnnxWriter } from "./onnx-writer.ts";
import type { Packed, PackedAttention } from "./packed-attention.ts";

/** Writes attention on packed heads. @returns the name of its output `[B, T, H * V]`. */
export function lowerPackedAttention(writer: OnnxWriter, plan: PackedAttention, nameOf: (value: Value) => string): string {
  const [query, key, , bias] = plan.attention.inputs as readonly [Value, Value, Value, Value?];
  const write = (packed: Packed): string => writePacked(writer, packed, nameOf);
  const scores = [...query.shape.slice(0, 3), key.shape[2] as Dimension];
  const biases = bias === undefined ? [] : [attentionBias(writer, { name: nameOf(bias), shape: bias.shape, scores })];
  return writer.node("Attention", [write(plan.query), write(plan.key), write(plan.value), ...biases], {
    attributes: { scale: { float: plan.attention.attributes.scale }, q_num_heads: headCount(query), kv_num_heads: headCount(key) },
  });
}

function writePacked(writer: OnnxWriter, packed: Packed, nameOf: (value: Value) => string): string {
  switch (packed.kind) {
    case "source":
      return nameOf(packed.source);
    case "rotary": {
      const x = writePacked(writer, packed.of, nameOf);
      return writer.node("RotaryEmbedding", [x, nameOf(packed.cosines), nameOf(packed.sines)], { attributes: { num_heads: packed.heads } });
    }
    case "concat": {
      const parts = packed.parts.map((part) => writePacked(writer, part, nameOf));
      return writer.node("Concat", parts, { attributes: { axis: 1 } });
    }
    case "turned": {
      const [batch, heads, tokens, width] = packed.value.shape as [Dimension, Dimension, Dimension, Dimension];
      const turned = writer.node("Transpose", [nameOf(packed.value)], { attributes: { perm: [0, 2, 1, 3] } });
      return writer.node("Reshape", [
        turned,
        writer.reshapeTarget([batch, tokens, heads, width], [batch, tokens, multiplyDimensions(heads, width)]),
      ]);
    }
  }
}

function headCount(value: Value): number {
  const heads = present(value.shape[1], "the axis of heads");
  invariant(typeof heads === "number", "the number of heads is not known");
  return heads;
}
