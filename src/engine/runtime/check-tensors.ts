import { ShapeError } from "../../errors/families.ts";
import { bindInputs } from "../graph/bind-inputs.ts";
import { evaluateDimension, formatShape, symbolsOf, type Bindings, type Dimension } from "../graph/dimension.ts";
import type { Signature } from "../graph/infer.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TensorMap } from "./session.ts";

type Signatures = ReadonlyMap<string, Signature>;

/** Checks that inputs fit and outputs to be written into fit them. @throws {ShapeError} naming the tensor. */
export function checkTensors(
  session: { readonly inputs: Signatures; readonly outputs: Signatures },
  inputs: TensorMap,
  into: TensorMap,
): void {
  const bindings = bindInputs(session, inputs);
  for (const [name, signature] of session.inputs) checkTensor(`input "${name}"`, { signature, bindings, tensor: inputs[name] });
  for (const [name, tensor] of Object.entries(into)) {
    const signature = session.outputs.get(name);
    if (signature === undefined) {
      const known = [...session.outputs.keys()];
      throw new ShapeError({
        message: `there is no output "${name}" to write; the graph has ${known.join(", ")}`,
        details: { output: name, known },
      });
    }
    checkTensor(`output "${name}"`, { signature, bindings, tensor });
  }
}

interface Check {
  readonly signature: Signature;
  readonly bindings: Bindings;
  readonly tensor: Tensor | undefined;
}

function checkTensor(what: string, { signature, bindings, tensor }: Check): void {
  const known = (dimension: Dimension): boolean => symbolsOf(dimension).every((name) => bindings[name] !== undefined);
  const expected = signature.shape.map((dimension) => (known(dimension) ? evaluateDimension(dimension, bindings) : undefined));
  const fits =
    tensor?.dtype === signature.dtype &&
    expected.length === tensor.shape.length &&
    expected.every((length, axis) => length === undefined || length === tensor.shape[axis]);
  if (fits) return;
  const numbers = `[${expected.map((length) => length ?? "?").join(", ")}]`;
  const got = tensor === undefined ? "nothing" : `${tensor.dtype} ${formatShape(tensor.shape)}`;
  throw new ShapeError({
    message: `${what}: got ${got}, expected ${signature.dtype} ${formatShape(signature.shape)} = ${numbers}`,
    details: { tensor: what, got: tensor?.shape, expected },
  });
}
