import { GraphBuilder } from "../../src/engine/graph/graph-builder.ts";
import { matmul, type MatmulOptions } from "../../src/engine/graph/operators.ts";
import { GraphSession } from "../../src/engine/runtime/graph-session.ts";
import { floatTensor, zeros, type FloatTensor } from "../../src/engine/tensor/tensor.ts";
import { RandomStream } from "../../src/random/random-stream.ts";
import { BLOCK_SIZES } from "./block-sizes.ts";

/** A matrix product `[rows, inner] x [inner, columns]`. */
export interface Product extends MatmulOptions {
  readonly name: string;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Whether the right side is a weight stored in the graph, which ONNX Runtime lays out for its kernel beforehand. */
  readonly isConstant?: boolean;
}

/** Lengths of the square products. */
export const SQUARES = [512, 1024, 2048] as const;

/** Square products, and those of the decoder block: forward, and of the backward pass the gradients of an input and of a weight. */
export const PRODUCTS: readonly Product[] = [...SQUARES.map(square), ...blockProducts()];

/** A square product. @param name what comes before the length. */
function square(length: number): Product {
  return { name: squareName(length), rows: length, inner: length, columns: length };
}

/** Name of the case of a square product. */
export function squareName(length: number): string {
  return `square ${length}`;
}

function blockProducts(): Product[] {
  const { batch, tokens, width, heads, keyValueHeads, hidden } = BLOCK_SIZES;
  const rows = batch * tokens;
  const forward = (part: string, inner: number, columns: number): Product => ({
    name: `${part} [${rows}, ${inner}] x [${inner}, ${columns}]`,
    rows,
    inner,
    columns,
  });
  const gate = forward("gate", width, hidden);
  return [
    forward("query", width, width),
    forward("key", width, (width / heads) * keyValueHeads),
    gate,
    { ...gate, name: `${gate.name}, a constant`, isConstant: true },
    forward("down", hidden, width),
    {
      name: `gradient of gate's input [${rows}, ${hidden}] x [${width}, ${hidden}]ᵀ`,
      rows,
      inner: hidden,
      columns: width,
      transposeB: true,
    },
    {
      name: `gradient of gate's weight [${rows}, ${width}]ᵀ x [${rows}, ${hidden}]`,
      rows: width,
      inner: rows,
      columns: hidden,
      transposeA: true,
    },
  ];
}

/** Floating-point operations of a product. */
export function operationsOf({ rows, inner, columns }: Product): number {
  return 2 * rows * inner * columns;
}

/** A product in a session, with its operands. */
export interface OpenedProduct {
  readonly product: Product;
  readonly run: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/** Opens a session for one product. Its output is written into the same memory at every run. */
export async function openProduct(product: Product, threads: number): Promise<OpenedProduct> {
  const { rows, inner, columns, transposeA = false, transposeB = false, isConstant = false } = product;
  const a = drawn(product.name, transposeA ? [inner, rows] : [rows, inner]);
  const b = drawn(product.name, transposeB ? [columns, inner] : [inner, columns]);
  const g = new GraphBuilder();
  const right = isConstant ? g.constant(b) : g.input("b", "float32", b.shape);
  const y = matmul(g.input("a", "float32", a.shape), right, { transposeA, transposeB });
  const session = await GraphSession.create(g.finish({ y }), { threads });
  const [inputs, outputs] = [{ a, ...(isConstant ? {} : { b }) }, { y: zeros([rows, columns]) }];
  const run = async (): Promise<void> => {
    await session.run(inputs, outputs);
  };
  return { product, run, dispose: () => session.dispose() };
}

function drawn(name: string, shape: readonly [number, number]): FloatTensor {
  const stream = new RandomStream("product", name);
  const data = new Float32Array(shape[0] * shape[1]);
  for (let at = 0; at < data.length; at++) data[at] = stream.uniform() - 0.5;
  return floatTensor(shape, data);
}
