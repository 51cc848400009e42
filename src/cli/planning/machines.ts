/** What a machine can do, as far as a plan asks. */
export interface Machine {
  readonly name: string;
  /** Floating point operations of matrix products per second, as training sustains them. */
  readonly flops: number;
  /** Bytes per second that everything else reads and writes, as training sustains them: in the main memory. */
  readonly bandwidth: number;
  /** The same of what is found in a cache. */
  readonly cachedBandwidth: number;
  /** Seconds that starting an operation takes. */
  readonly start: number;
  /** Seconds that clipping and AdamW take for each trained number, on the machine's processor. */
  readonly update: number;
  /** Bytes of the device's memory. */
  readonly memory: number;
  /** Whether the numbers were measured here; else they are a share of what the vendor publishes. */
  readonly isMeasured: boolean;
}

/** Share of an accelerator's published peak that training of such models reaches. Our assumption, common in the literature; not measured. */
const SHARE_OF_PEAK = 0.4;
/** Share of the published memory bandwidth. Our assumption. */
const SHARE_OF_BANDWIDTH = 0.7;
/** Seconds from one operation to the next. Our assumption. */
const START = 10e-6;
/** Seconds that the optimiser takes for each number on the processor beside an accelerator. Our assumption, of the size that is measured here. */
const UPDATE = 7.5e-9;

/**
 * Published numbers: dense products of 16-bit floats with 32-bit sums in TFLOP/s, memory bandwidth in GB/s, memory in GB.
 * @source the vendors' data sheets.
 */
const PUBLISHED = {
  h200: { name: "NVIDIA H200", teraflops: 989, bandwidth: 4800, memory: 141 },
  h100: { name: "NVIDIA H100 SXM", teraflops: 989, bandwidth: 3350, memory: 80 },
  a100: { name: "NVIDIA A100 80 GB", teraflops: 312, bandwidth: 2039, memory: 80 },
  l40s: { name: "NVIDIA L40S", teraflops: 362, bandwidth: 864, memory: 48 },
  l4: { name: "NVIDIA L4", teraflops: 121, bandwidth: 300, memory: 24 },
  rtx4090: { name: "NVIDIA RTX 4090", teraflops: 165, bandwidth: 1008, memory: 24 },
  t4: { name: "NVIDIA T4", teraflops: 65, bandwidth: 320, memory: 16 },
} as const;

/** Accelerators that plans know. */
export type AcceleratorName = keyof typeof PUBLISHED;

/** Their names, the fastest first. */
export const ACCELERATORS = Object.keys(PUBLISHED) as readonly AcceleratorName[];

/** An accelerator as training would find it, in 16-bit floats. */
export function accelerator(name: AcceleratorName): Machine {
  const { name: title, teraflops, bandwidth, memory } = PUBLISHED[name];
  return {
    name: title,
    flops: SHARE_OF_PEAK * teraflops * 1e12,
    bandwidth: SHARE_OF_BANDWIDTH * bandwidth * 1e9,
    cachedBandwidth: SHARE_OF_BANDWIDTH * bandwidth * 1e9,
    start: START,
    update: UPDATE,
    memory: memory * 1e9,
    isMeasured: false,
  };
}
