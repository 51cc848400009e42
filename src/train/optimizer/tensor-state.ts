import { floatTensor, intTensor, type FloatTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { WeightsError } from "../../errors/families.ts";

/** What an optimizer remembers of one parameter: float tensors by name, and how many steps it has taken. */
export interface ParameterState<Moment extends string> {
  steps: number;
  readonly moments: { readonly [K in Moment]: FloatTensor };
}

/** The states of all parameters as tensors named `<parameter>/<moment>` and `<parameter>/steps`. */
export function stateToTensors<Moment extends string>(states: ReadonlyMap<string, ParameterState<Moment>>): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, { steps, moments }] of states) {
    tensors.set(`${name}/steps`, intTensor([], [steps]));
    for (const [moment, tensor] of Object.entries<FloatTensor>(moments)) tensors.set(`${name}/${moment}`, tensor);
  }
  return tensors;
}

/** The inverse of {@link stateToTensors}; tensors are copied. @throws {WeightsError} naming the tensor that is missing or strange. */
export function stateFromTensors<Moment extends string>(
  tensors: ReadonlyMap<string, Tensor>,
  moments: readonly Moment[],
): Map<string, ParameterState<Moment>> {
  const states = new Map<string, ParameterState<Moment>>();
  for (const [key, tensor] of tensors) {
    const [name, field] = splitAtLast(key);
    if (field === "steps") {
      const entries = moments.map((moment) => [moment, copyOf(tensors.get(`${name}/${moment}`), `${name}/${moment}`)] as const);
      if (tensor.dtype !== "int32") throw strange(key, tensor);
      states.set(name, {
        steps: tensor.data[0] as number,
        moments: Object.fromEntries(entries) as { readonly [K in Moment]: FloatTensor },
      });
    } else if (!moments.includes(field as Moment) || !tensors.has(`${name}/steps`)) throw strange(key, tensor);
  }
  return states;
}

/** The state, if its moments have the parameter's shape. @throws {WeightsError} if not: it was saved from another model. */
export function checkState<State extends ParameterState<string>>(name: string, state: State, shape: readonly number[]): State {
  for (const [moment, tensor] of Object.entries(state.moments)) {
    if (tensor.shape.length === shape.length && tensor.shape.every((length, axis) => length === shape[axis])) continue;
    throw strange(`${name}/${moment}`, tensor);
  }
  return state;
}

function copyOf(tensor: Tensor | undefined, key: string): FloatTensor {
  if (tensor?.dtype === "float32") return floatTensor(tensor.shape, tensor.data.slice());
  throw strange(key, tensor);
}

function splitAtLast(key: string): [string, string] {
  const at = key.lastIndexOf("/");
  return [key.slice(0, at), key.slice(at + 1)];
}

function strange(key: string, tensor: Tensor | undefined): WeightsError {
  const found = tensor === undefined ? "nothing" : `${tensor.dtype} [${tensor.shape.join(", ")}]`;
  return new WeightsError({
    message: `the optimizer's state does not fit: found ${found} for "${key}"; resume with the optimizer that wrote it, or start anew`,
    details: { tensor: key, actual: found },
  });
}
