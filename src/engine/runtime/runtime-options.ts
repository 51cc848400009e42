import type * as ort from "onnxruntime-node";
import type { SessionOptions } from "./session.ts";

/** Our options in ONNX Runtime's words. @source onnxruntime_session_options_config_keys.h */
export function runtimeOptions(options: SessionOptions, externalFolder: string | undefined): ort.InferenceSession.SessionOptions {
  const { device = "cpu", threads, profile } = options;
  return {
    executionProviders: [device],
    graphOptimizationLevel: "all",
    enableMemPattern: options.memoryPattern ?? true,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    extra: {
      session: {
        intra_op: { allow_spinning: "0" },
        ...(options.prepacking === false ? { disable_prepacking: "1" } : {}),
        ...(externalFolder === undefined ? {} : { model_external_initializers_file_folder_path: externalFolder }),
      },
      ...(options.keepRecomputation === true ? { optimization: { disable_specified_optimizers: "CommonSubexpressionElimination" } } : {}),
    },
    logSeverityLevel: 4,
  };
}
