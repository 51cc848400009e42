import type * as ort from "onnxruntime-node";
import type { SessionOptions } from "./session.ts";

/** Merging one reshape into the next takes away the order that `after` gives, and fails where the target is computed. */
const HARMFUL = ["ReshapeFusion"];

/** Our options in ONNX Runtime's words. @source onnxruntime_session_options_config_keys.h */
export function runtimeOptions(options: SessionOptions, externalFolder: string | undefined): ort.InferenceSession.SessionOptions {
  const { device = "cpu", threads, profile } = options;
  const disabled = [
    ...HARMFUL,
    ...(options.keepRecomputation === true ? ["CommonSubexpressionElimination"] : []),
    ...(options.folding === false ? ["ConstantFolding"] : []),
  ];
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
      optimization: { disable_specified_optimizers: disabled.join(";") },
    },
    logSeverityLevel: 4,
  };
}
