import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addDimensions, multiplyDimensions, symbol } from "../../../../src/engine/graph/dimension.ts";
import { add, cast, dimensionValue, iota, mul, stopGradient } from "../../../../src/engine/graph/operators.ts";
import type { Value } from "../../../../src/engine/graph/value.ts";
import { boolTensor, floatTensor, intTensor } from "../../../../src/engine/tensor/tensor.ts";
import { normal, type Cases } from "../operation-case.ts";

const [batch, tokens] = [symbol("batch"), symbol("tokens")];
const bindings = { batch: 3, tokens: 5 };

/** A file with 16 bytes of something else before the numbers. */
function externalFile(numbers: readonly number[]): string {
  const file = join(mkdtempSync(join(tmpdir(), "polyvec-")), "weights.bin");
  writeFileSync(file, new Uint8Array(new Float32Array([9, 9, 9, 9, ...numbers]).buffer));
  return file;
}

function external(x: Value): Value {
  const file = externalFile([1, -2, 3, -4, 5, -6]);
  return add(x, x.builder.external("weights", [2, 3], { file, byteOffset: 16, byteLength: 24 }));
}

/** The same in other types: 1.5, -2 and 0.25 as halves, bytes as they are. */
function externalOf(dtype: "float16" | "bfloat16" | "int8", stored: Uint16Array | Int8Array): (x: Value) => Value {
  return (x) => {
    const file = join(mkdtempSync(join(tmpdir(), "polyvec-")), "weights.bin");
    writeFileSync(file, new Uint8Array(stored.buffer));
    const data = { file, byteOffset: 0, byteLength: stored.byteLength, dtype } as const;
    return add(x, cast(x.builder.external("weights", [3], data), "float32"));
  };
}

export const LEAF_CASES: Readonly<Record<"input" | "constant" | "external" | "dimension" | "iota" | "stopGradient", Cases>> = {
  input: [
    { title: "a scalar", inputs: [normal()], build: (x: Value) => add(x, 1) },
    { title: "symbolic", inputs: [normal(batch, 2, tokens)], bindings, build: (x: Value) => add(x, 1) },
  ],
  constant: [
    { title: "float32", inputs: [normal(2, 3)], build: (x: Value) => add(x, x.builder.constant(floatTensor([3], [1, 2, 3]))) },
    { title: "int32", inputs: [normal(2)], build: (x: Value) => mul(x, cast(x.builder.constant(intTensor([2], [-7, 7])), "float32")) },
    {
      title: "bool",
      inputs: [normal(2)],
      build: (x: Value) => mul(x, cast(x.builder.constant(boolTensor([2], [true, false])), "float32")),
    },
  ],
  external: [
    { title: "a byte range of a file", inputs: [normal(4, 2, 3)], build: external },
    { title: "float16", inputs: [normal(2, 3)], build: externalOf("float16", Uint16Array.of(0x3e00, 0xc000, 0x3400)) },
    { title: "bfloat16", inputs: [normal(2, 3)], build: externalOf("bfloat16", Uint16Array.of(0x3fc0, 0xc000, 0x3e80)) },
    { title: "int8", inputs: [normal(2, 3)], build: externalOf("int8", Int8Array.of(-127, 0, 5)) },
  ],
  dimension: [
    { title: "a number", inputs: [normal(2)], build: (x: Value) => mul(x, dimensionValue(x.builder, 7)) },
    { title: "a symbol", inputs: [normal(batch)], bindings, build: (x: Value) => mul(x, dimensionValue(x.builder, batch)) },
    {
      title: "a polynomial, int32",
      inputs: [normal(batch, tokens)],
      bindings,
      build: (x: Value) => {
        const length = addDimensions(multiplyDimensions(2, batch, tokens), multiplyDimensions(batch, batch), -4);
        return mul(x, cast(dimensionValue(x.builder, length, "int32"), "float32"));
      },
    },
  ],
  iota: [
    { title: "a number", inputs: [normal(7)], build: (x: Value) => mul(x, cast(iota(x.builder, 7), "float32")) },
    {
      title: "a polynomial",
      inputs: [normal(batch, tokens)],
      bindings,
      build: (x: Value) => cast(iota(x.builder, addDimensions(tokens, batch, 2)), "float32"),
    },
  ],
  stopGradient: [{ title: "beside a path that has one", inputs: [normal(2, 3)], build: (x: Value) => stopGradient(x) }],
};
