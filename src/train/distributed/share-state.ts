import { createHash } from "node:crypto";
import { z } from "zod";
import { floatTensor, intTensor, type FloatTensor, type IntTensor, type Tensor } from "../../engine/tensor/tensor.ts";
import { invariant } from "../../errors/families.ts";
import type { Trainer, TrainerState } from "../trainer.ts";
import type { Communicator } from "./communicator.ts";

const PARTS = ["weights", "optimizer", "estimator", "scaler"] as const;

/** Of weights and moments, and of counts of steps. */
const DTYPES = ["float32", "int32"] as const;

const outlineSchema = z.object({
  step: z.int(),
  tensors: z.array(z.object({ part: z.enum(PARTS), name: z.string(), dtype: z.enum(DTYPES), shape: z.array(z.int()) })),
});
type Outline = z.output<typeof outlineSchema>;

/** Gives rank 0's state to all other trainers, so that all begin with the same bits: no other process need see the checkpoint. */
export async function shareState(communicator: Communicator, trainer: Trainer): Promise<void> {
  if (communicator.size === 1) return;
  const state = trainer.state();
  const outline = await broadcastJson(communicator, outlineOf(state));
  const { step, tensors } = outlineSchema.parse(outline);
  const received = Object.fromEntries(PARTS.map((part) => [part, new Map<string, Tensor>()])) as Record<
    (typeof PARTS)[number],
    Map<string, Tensor>
  >;
  for (const { part, name, dtype, shape } of tensors) {
    const own = communicator.rank === 0 ? state[part]?.get(name) : undefined;
    const tensor = own ?? emptyTensor(dtype, shape);
    invariant(isShared(tensor), `${name} of the ${part} is ${tensor.dtype}`);
    await communicator.broadcast(tensor.data);
    received[part].set(name, tensor);
  }
  if (communicator.rank !== 0) trainer.load({ step, ...received });
}

/**
 * Makes sure that all trainers have the same bits before a checkpoint is written: machines of different make may round differently what every process computes
 * for itself. Where they differ, rank 0's state goes to all.
 */
export async function alignStates(communicator: Communicator, trainer: Trainer): Promise<void> {
  if (communicator.size === 1) return;
  const hash = createHash("sha256");
  const state = trainer.state();
  for (const part of PARTS) for (const { data } of state[part]?.values() ?? []) hash.update(data);
  const hashes = await communicator.allGatherParts(new Uint8Array(hash.digest()));
  const [first = new Uint8Array()] = hashes;
  if (!hashes.every((each) => Buffer.compare(each, first) === 0)) await shareState(communicator, trainer);
}

function outlineOf(state: TrainerState): Outline {
  const tensors = PARTS.flatMap((part) =>
    [...(state[part] ?? [])].map(([name, tensor]) => {
      invariant(isShared(tensor), `${name} of the ${part} is ${tensor.dtype}`);
      return { part, name, dtype: tensor.dtype, shape: [...tensor.shape] };
    }),
  );
  return { step: state.step, tensors };
}

function isShared(tensor: Tensor): tensor is FloatTensor | IntTensor {
  return tensor.dtype === "float32" || tensor.dtype === "int32";
}

function emptyTensor(dtype: (typeof DTYPES)[number], shape: readonly number[]): FloatTensor | IntTensor {
  const length = shape.reduce((product, each) => product * each, 1);
  return dtype === "float32" ? floatTensor(shape, new Float32Array(length)) : intTensor(shape, new Int32Array(length));
}

/** @returns what rank 0 gave. */
async function broadcastJson(communicator: Communicator, value: unknown): Promise<unknown> {
  const text = communicator.rank === 0 ? JSON.stringify(value) : "";
  const told = await communicator.allGather(new Uint8Array(new TextEncoder().encode(text)));
  return JSON.parse(new TextDecoder().decode(told)) as unknown;
}
