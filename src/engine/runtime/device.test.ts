import { expect, it } from "vitest";
import { deviceError } from "./device.ts";

const backends = [
  { name: "cpu", bundled: true },
  { name: "cuda", bundled: false },
];

it.each([
  ["cuda", /CUDA 12 with cuDNN 9.*ONNXRUNTIME_NODE_INSTALL=cuda12/],
  ["webgpu", /Vulkan driver/],
  ["coreml", /needs macOS/],
  ["dml", /needs Windows/],
] as const)("names what %s needs", (device, needs) => {
  const error = deviceError(device, new Error("no such library"), backends);
  expect(error.message).toMatch(needs);
  expect(error.message).toContain("ONNX Runtime says: no such library. In this build: cpu");
  expect(error.details).toEqual({ device, available: ["cpu"] });
});
