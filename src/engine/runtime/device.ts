import { DeviceError } from "../../errors/families.ts";

/** Where a graph runs. */
export type Device = "cpu" | "cuda" | "webgpu" | "coreml" | "dml";

/** What ONNX Runtime says it was built with. */
export interface Backend {
  readonly name: string;
  readonly bundled: boolean;
}

/** What each device needs, and how to get it. */
const NEEDS: Readonly<Record<Device, string>> = {
  cpu: "it is part of onnxruntime-node; reinstall the package",
  cuda:
    "needs Linux x64 or Windows, an NVIDIA GPU with its driver, CUDA 12 with cuDNN 9, and ONNX Runtime's CUDA provider, which npm does not carry: " +
    "run `ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js` with a network",
  webgpu: "needs a GPU with a Vulkan driver and its loader (libvulkan.so.1) on Linux, Direct3D 12 on Windows, Metal on macOS",
  coreml: "needs macOS on Apple silicon",
  dml: "needs Windows with DirectX 12 (DirectML)",
};

/** The error for a device that ONNX Runtime could not open: what is missing, how to get it, and what is there. */
export function deviceError(device: Device, cause: unknown, backends: readonly Backend[]): DeviceError {
  const available = backends.filter(({ bundled }) => bundled).map(({ name }) => name);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DeviceError({
    message: `the device "${device}" cannot be opened: it ${NEEDS[device]}. ONNX Runtime says: ${reason}. In this build: ${available.join(", ")}`,
    details: { device, available },
    cause,
  });
}
