import type { Dimension, Shape } from "../graph/dimension.ts";
import { attentionBias } from "./attention-bias.ts";
import type { OperationAttributes, OperationName, Reduction } from "../graph/operations.ts";
import type { Value } from "../graph/value.ts";
import { floatTensor, isHalf, type ElementType } from "../tensor/tensor.ts";
import { MICROSOFT, ONNX_TYPES, type OnnxWriter } from "./onnx-writer.ts";

/** What a lowering sees of the operation: names of its input tensors, their values, its attributes and output shape. */
export interface LoweringContext<K extends OperationName> {
  readonly writer: OnnxWriter;
  readonly names: readonly string[];
  readonly inputs: readonly Value[];
  readonly attributes: OperationAttributes[K];
  readonly shape: Shape;
  readonly dtype: ElementType;
}

/** Appends ONNX nodes for one operation and returns the name of its output. */
export type Lowering<K extends OperationName> = (context: LoweringContext<K>) => string;

type Plain = LoweringContext<OperationName>;

const plain =
  (opType: string) =>
  ({ writer, names }: Pick<Plain, "writer" | "names">): string =>
    writer.node(opType, names);
const alias = ({ names: [name] }: Pick<Plain, "names">): string => name as string;
const reduction =
  (opType: string) =>
  ({
    writer,
    names: [x],
    attributes: { axes, keepDimensions },
  }: Pick<Plain, "writer" | "names"> & { readonly attributes: Reduction }): string =>
    axes.length === 0
      ? (x as string)
      : writer.node(opType, [x as string, writer.integers(axes)], { attributes: { keepdims: keepDimensions ? 1 : 0 } });
const overLastAxis =
  (opType: string) =>
  ({ writer, names }: Pick<Plain, "writer" | "names">): string =>
    writer.node(opType, names, { attributes: { axis: -1 } });

/** MatMulNBits computes in float32. @source ONNX Runtime, MatMulNBits, attribute accuracy_level. */
const FULL_PRECISION = 1;

/** One entry per operation; a missing one does not compile. */
export const LOWERINGS: { readonly [K in OperationName]: Lowering<K> } = {
  input: ({ attributes }) => attributes.name,
  constant: ({ writer, attributes }) => writer.tensor(attributes.tensor),
  external: ({ writer, attributes: { name, data }, shape, dtype }) => {
    const stored = writer.external(name, shape as readonly number[], data);
    if (!isHalf(data.dtype ?? "float32") || data.dtype === dtype) return stored;
    return writer.node("Cast", [stored], { attributes: { to: ONNX_TYPES[dtype] } });
  },
  dimension: ({ writer, attributes: { dimension, dtype } }) =>
    writer.node("Cast", [writer.node("Squeeze", [writer.dimension(dimension)])], { attributes: { to: ONNX_TYPES[dtype] } }),
  iota: ({ writer, attributes: { length } }) => {
    const scalar = (name: string): string => writer.node("Squeeze", [name]);
    const range = writer.node("Range", [scalar(writer.integers([0])), scalar(writer.dimension(length)), scalar(writer.integers([1]))]);
    return writer.node("Cast", [range], { attributes: { to: ONNX_TYPES.int32 } });
  },
  neg: plain("Neg"),
  exp: plain("Exp"),
  log: plain("Log"),
  sqrt: plain("Sqrt"),
  tanh: plain("Tanh"),
  sigmoid: plain("Sigmoid"),
  erf: plain("Erf"),
  sin: plain("Sin"),
  cos: plain("Cos"),
  abs: plain("Abs"),
  not: plain("Not"),
  cast: ({ writer, names, attributes: { dtype } }) => writer.node("Cast", names, { attributes: { to: ONNX_TYPES[dtype] } }),
  stopGradient: alias,
  after: ({ writer, names: [x, ...dependencies], inputs }) => {
    const counted = dependencies.map((name, at) => countable(writer, name, inputs[at + 1] as Value));
    const nothing = writer.node("Mul", [sizes(writer, counted), writer.integers([0])]);
    return writer.node("Reshape", [x as string, writer.node("Add", [writer.node("Shape", [x as string]), nothing])]);
  },
  add: plain("Add"),
  sub: plain("Sub"),
  mul: plain("Mul"),
  div: plain("Div"),
  maximum: plain("Max"),
  minimum: plain("Min"),
  equal: plain("Equal"),
  less: plain("Less"),
  lessOrEqual: plain("LessOrEqual"),
  and: plain("And"),
  or: plain("Or"),
  where: plain("Where"),
  reduceSum: reduction("ReduceSum"),
  reduceMean: reduction("ReduceMean"),
  reduceMax: reduction("ReduceMax"),
  softmax: overLastAxis("Softmax"),
  logSoftmax: overLastAxis("LogSoftmax"),
  matmul: ({ writer, names, attributes: { transposeA, transposeB } }) => {
    if (!transposeA && !transposeB) return writer.node("MatMul", names);
    const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
    return writer.node("FusedMatMul", names, { domain: MICROSOFT, attributes });
  },
  blockQuantizedMatmul: ({ writer, names, attributes: { inner, blockSize }, shape }) => {
    const attributes = { K: inner, N: shape.at(-1) as number, bits: 4, block_size: blockSize, accuracy_level: FULL_PRECISION };
    return writer.node("MatMulNBits", names, { domain: MICROSOFT, attributes });
  },
  quantizedMatmul: ({ writer, names }) => writer.node("DynamicQuantizeMatMul", names, { domain: MICROSOFT }),
  reshape: ({ writer, names: [x], inputs: [input], shape }) =>
    writer.node("Reshape", [x as string, writer.reshapeTarget((input as Value).shape, shape)]),
  transpose: ({ writer, names, attributes: { permutation } }) => writer.node("Transpose", names, { attributes: { perm: permutation } }),
  expand: ({ writer, names: [x], shape }) => writer.node("Expand", [x as string, writer.shape(shape)]),
  slice: ({ writer, names: [x], attributes: { axis, start, end } }) =>
    writer.node("Slice", [x as string, writer.dimension(start), writer.dimension(end), writer.integers([axis])]),
  concat: ({ writer, names, attributes: { axis } }) => writer.node("Concat", names, { attributes: { axis } }),
  pad: ({ writer, names: [x], attributes: { axis, before, after } }) =>
    writer.node("Pad", [x as string, writer.shape([before, after]), "", writer.integers([axis])]),
  gather: ({ writer, names }) => writer.node("Gather", names, { attributes: { axis: 0 } }),
  scatterAdd: ({ writer, names: [indices, updates], shape }) => {
    const rows = writer.node("Cast", [indices as string], { attributes: { to: ONNX_TYPES.int64 } });
    const at = writer.node("Unsqueeze", [rows, writer.integers([-1])]);
    const empty = writer.node("Expand", [writer.tensor(floatTensor([], [0])), writer.shape(shape)]);
    return writer.node("ScatterND", [empty, at, updates as string], { attributes: { reduction: "add" } });
  },
  silu: ({ writer, names }) => quickGelu(writer, names, 1),
  gelu: ({ writer, names, attributes: { approximation } }) => {
    if (approximation === "quick") return quickGelu(writer, names, 1.702);
    return writer.node("Gelu", names, { attributes: { approximate: approximation === "tanh" ? "tanh" : "none" } });
  },
  rmsNorm: ({ writer, names, attributes: { epsilon } }) =>
    writer.node("SimplifiedLayerNormalization", names, { attributes: { axis: -1, epsilon: { float: epsilon }, stash_type: 1 } }),
  layerNorm: ({ writer, names, attributes: { epsilon } }) =>
    writer.node("LayerNormalization", names, { attributes: { axis: -1, epsilon: { float: epsilon } } }),
  rotary: ({ writer, names }) => writer.node("RotaryEmbedding", names),
  attention: ({ writer, names: [query, key, value, bias], inputs, attributes: { scale }, shape }) => {
    const heads = [query, key, value] as readonly string[];
    const scores = [...shape.slice(0, 3), (inputs[1] as Value).shape[2] as Dimension];
    const biases = bias === undefined ? [] : [attentionBias(writer, { name: bias, shape: (inputs[3] as Value).shape, scores })];
    return writer.node("Attention", [...heads, ...biases], { attributes: { scale: { float: scale } } });
  },
};

/**
 * A number that needs tensors to be there but reads none of them. Unlike Shape, ONNX Runtime never folds Size away; multiplied by 0 and
 * added to the target of a Reshape, which copies nothing, it orders the Reshape behind the tensors.
 */
function sizes(writer: OnnxWriter, names: readonly string[]): string {
  return names
    .map((name) => writer.shared(`size of ${name}`, () => writer.node("Size", [name])))
    .reduce((sum, size) => writer.node("Add", [sum, size]));
}

/** What Size takes of a value: it has no kernel for bfloat16, of which one number in float32 stands for all. */
function countable(writer: OnnxWriter, name: string, { dtype, shape }: Value): string {
  if (dtype !== "bfloat16") return name;
  return writer.shared(`one of ${name}`, () => {
    const each = (value: number): string => writer.integers(shape.map(() => value));
    const axes = writer.integers(shape.map((_, axis) => axis));
    const one = shape.length === 0 ? name : writer.node("Slice", [name, each(0), each(1), axes]);
    return writer.node("Cast", [one], { attributes: { to: ONNX_TYPES.float32 } });
  });
}

function quickGelu(writer: OnnxWriter, names: readonly string[], alpha: number): string {
  return writer.node("QuickGelu", names, { domain: MICROSOFT, attributes: { alpha: { float: alpha } } });
}
