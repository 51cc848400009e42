import type * as OnnxRuntime from "onnxruntime-node";

export type Runtime = typeof OnnxRuntime;

/** Loads ONNX Runtime when it is first needed: it costs some 30 ms. It keeps silent: what fails is thrown. */
export async function loadRuntime(): Promise<Runtime> {
  const runtime = await import("onnxruntime-node");
  runtime.env.logLevel = "fatal";
  return runtime;
}
