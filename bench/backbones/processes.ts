import type { ParameterCounts } from "../../src/train/count-parameters.ts";
import { runScript } from "../run-script.ts";
import type { ProcessMemory } from "./process-memory.ts";

/** What a process that embeds is asked for. */
export interface EmbedRequest {
  readonly folder: string;
  /** Whether weights are laid out for the kernels, or used as they lie. */
  readonly prepacking: boolean;
  readonly rounds: number;
  readonly threads: number;
}

/** What it tells. */
export interface EmbedTimes {
  /** Until the model is opened: configurations and headers. */
  readonly openMs: number;
  /** The first input: the graph is made, weights are laid out for the kernels, the input is embedded. */
  readonly firstMs: number;
  /** Further inputs, ms each. */
  readonly times: readonly number[];
  /** After two inputs. */
  readonly memory: ProcessMemory;
  /** Of an input. */
  readonly flops: number;
  readonly tokens: number;
  /** Floating-point operations per second: the fastest float32 product of this process. */
  readonly peakFlops: number;
  readonly embedding: readonly number[];
}

/** What a process that trains is asked for. */
export interface TrainRequest {
  readonly folder: string;
  readonly steps: number;
  /** Of a picture with text and a text, in the batch; one input at a time is encoded. */
  readonly pairs: number;
  readonly threads: number;
}

/** What it tells. */
export interface TrainTimes {
  readonly openMs: number;
  /** Steps, ms each; the first makes the graphs. */
  readonly times: readonly number[];
  readonly memory: ProcessMemory;
  /** Of a step. */
  readonly flops: number;
  readonly parameters: ParameterCounts;
  readonly peakFlops: number;
}

/** Embeds in a process of its own, whose memory is the model's alone. */
export function embedInProcess(request: EmbedRequest, signal: AbortSignal): Promise<EmbedTimes> {
  return runScript(new URL("embed-process.ts", import.meta.url), request, signal);
}

/** Trains in a process of its own. */
export function trainInProcess(request: TrainRequest, signal: AbortSignal): Promise<TrainTimes> {
  return runScript(new URL("train-process.ts", import.meta.url), request, signal);
}
