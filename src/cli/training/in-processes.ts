import type { Communicator } from "../../train/distributed/communicator.ts";
import { openCommunicator } from "../../train/distributed/open-communicator.ts";
import { threadsPerProcess } from "../../train/distributed/process-threads.ts";
import type { CommandContext } from "../command-module.ts";
import { createProgress } from "../terminal/progress.ts";
import { ToldElsewhereError } from "../told-elsewhere-error.ts";

/** One of the processes that do a command's work together. */
export interface CrewMember {
  readonly communicator: Communicator;
  /** Silent on all processes but the first. */
  readonly context: CommandContext;
  /** As asked for, or this process's share of the machine; undefined: as the engine likes. */
  readonly threads: number | undefined;
}

/**
 * Does work together with the other processes that a launcher of MPI started; alone if there is none. An error on one of them ends all, and is told once, by the
 * first.
 * @throws {DeviceError} if there is a launcher, and no MPI to be had.
 */
export async function inProcesses<Result>(
  context: CommandContext,
  threads: number | undefined,
  work: (member: CrewMember) => Promise<Result>,
): Promise<Result> {
  const { communicator, launch } = await openCommunicator(context.env);
  const member = {
    communicator,
    context: communicator.rank === 0 ? context : await silenced(context),
    threads: threads ?? (launch === undefined ? undefined : threadsPerProcess(launch.localSize)),
  };
  if (launch !== undefined) {
    const { size } = communicator;
    member.context.progress.note(`${size} processes, ${launch.localSize} of them on this machine, threads of each: ${member.threads}`);
  }
  try {
    const result = await work(member);
    await communicator.dispose();
    return result;
  } catch (error) {
    await communicator.fail(error);
    await communicator.dispose();
    if (communicator.rank === 0) throw error;
    throw new ToldElsewhereError({ message: "the first process tells what went wrong", cause: error });
  }
}

async function silenced(context: CommandContext): Promise<CommandContext> {
  context.mute();
  const progress = await createProgress({ stream: process.stderr, silent: true });
  const nothing = (): Promise<void> => Promise.resolve();
  return { ...context, progress, out: { line: nothing, bytes: nothing, json: nothing } };
}
