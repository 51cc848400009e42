import { DeviceError } from "../../errors/families.ts";
import { computeInFull } from "../graph/half-storage.ts";
import type { Graph } from "../graph/value.ts";
import { isHalf, type HalfType } from "../tensor/tensor.ts";
import type { Device } from "./device.ts";

/** What a device does with 16-bit floats: computes in them, keeps them and computes in float32, or does not know them. */
type HalfUse = "computes" | "keeps" | "lacks";

/**
 * ONNX Runtime's CPU provider has no product of bfloat16; its products of float16 are computed in float32, and the rounding in between is taken away by its
 * optimiser, so that both are written out. The others are by their documentation; none was tried here.
 */
const USES: Readonly<Record<Device, Readonly<Record<HalfType, HalfUse>>>> = {
  cpu: { float16: "keeps", bfloat16: "keeps" },
  cuda: { float16: "computes", bfloat16: "computes" },
  webgpu: { float16: "computes", bfloat16: "lacks" },
  coreml: { float16: "computes", bfloat16: "lacks" },
  dml: { float16: "computes", bfloat16: "lacks" },
};

/** The graph as a device takes it, where there are halves in it. @throws {DeviceError} if the device does not know them: which it knows instead. */
export function fitHalves(graph: Graph, device: Device): Graph {
  const types = new Set(graph.values.map(({ dtype }) => dtype).filter(isHalf));
  for (const dtype of types) if (USES[device][dtype] === "lacks") throw unknownHalves(device, dtype);
  return [...types].some((dtype) => USES[device][dtype] === "keeps") ? computeInFull(graph) : graph;
}

function unknownHalves(device: Device, dtype: HalfType): DeviceError {
  const known = Object.entries(USES[device]).flatMap(([name, use]) => (use === "lacks" ? [] : [name]));
  const available = ["float32", ...known];
  return new DeviceError({
    message: `the device "${device}" has no ${dtype}; compute in ${available.join(" or ")} there, or choose another device`,
    details: { device, dtype, available },
  });
}
