import type { Signature } from "../graph/infer.ts";

/** A graph as ONNX Runtime takes it, with what callers need to know of it. Plain data: it can be sent to another thread. */
export interface CompiledGraph {
  readonly bytes: Uint8Array;
  readonly inputs: ReadonlyMap<string, Signature>;
  readonly outputs: ReadonlyMap<string, Signature>;
  /** Where the files of its external tensors lie. */
  readonly externalFolder: string | undefined;
}
