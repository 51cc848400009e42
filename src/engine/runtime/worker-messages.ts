import type { ErrorDetails } from "../../errors/polyvec-error.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { CompiledGraph } from "./compiled-graph.ts";
import type { SessionOptions, TensorMap } from "./session.ts";

/** What a `WorkerSession` asks of its thread. Each request is answered by one reply with its number. */
export type WorkerRequest =
  | {
      readonly id: number;
      readonly kind: "open";
      readonly compiled: CompiledGraph;
      readonly options: SessionOptions;
      /** Of the `RunGate` that the thread is within while ONNX Runtime works. */
      readonly gate: SharedArrayBuffer;
    }
  | { readonly id: number; readonly kind: "run"; readonly inputs: TensorMap }
  /** Frees the session; the thread then ends by itself. */
  | { readonly id: number; readonly kind: "dispose" };

export type WorkerReply =
  | { readonly id: number; readonly kind: "done"; readonly outputs: TensorMap }
  | { readonly id: number; readonly kind: "failed"; readonly error: SentError };

/** An error as plain data: classes do not survive the way between threads. */
export interface SentError {
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** The tensor over a buffer of its own: a view into a larger buffer would send all of it. */
export function detached(tensor: Tensor): Tensor {
  const { data } = tensor;
  return data.byteLength === data.buffer.byteLength ? tensor : ({ ...tensor, data: data.slice() } as Tensor);
}

/** The buffers behind tensors, each once. */
export function buffersOf(tensors: Iterable<Tensor>): ArrayBuffer[] {
  return [...new Set(Array.from(tensors, ({ data }) => data.buffer as ArrayBuffer))];
}
