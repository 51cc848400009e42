import type { Signature } from "../graph/infer.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Device } from "./device.ts";

/** How a graph is compiled and run. */
export interface SessionOptions {
  /** `cpu` if not given. */
  readonly device?: Device;
  /** Threads of one operation; the machine's cores if not given. */
  readonly threads?: number;
  /** Lets ONNX Runtime plan memory ahead: 7 % faster, 30 % more memory in training. */
  readonly memoryPattern?: boolean;
  /** Keeps ONNX Runtime from merging equal subexpressions. Recomputation holds without it: `after` is opaque to the optimiser. */
  readonly keepRecomputation?: boolean;
  /** Copies weights into the kernels' own layout when the session opens: faster runs, slower opening, more memory. True if not given. */
  readonly prepacking?: boolean;
  /** Lets ONNX Runtime compute ahead what depends on constants alone. Without, weights stored in halves take up twice their size only while they are used. True if not given. */
  readonly folding?: boolean;
  /** Numbers for symbolic dimensions, known before the first run. */
  readonly bindings?: Readonly<Record<string, number>>;
  /** Writes ONNX Runtime's profile to `<prefix>_<time>.json` when the session is disposed. */
  readonly profile?: string;
}

export type TensorMap = Readonly<Record<string, Tensor>>;

/** A graph ready to run, on this thread or another. */
export interface Session extends AsyncDisposable {
  readonly inputs: ReadonlyMap<string, Signature>;
  readonly outputs: ReadonlyMap<string, Signature>;
  /**
   * Runs the graph. Outputs named in `into` are written into the given tensors, the others are new.
   * @throws {ShapeError} if a tensor is missing or does not fit. @throws {DisposedError} after `dispose`.
   */
  run(inputs: TensorMap, into?: TensorMap): Promise<Record<string, Tensor>>;
  /** Waits for runs under way and frees the session. May be called again. */
  dispose(): Promise<void>;
}
