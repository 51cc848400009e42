import { agreeOnStop, STOP } from "../distributed/agreements.ts";
import type { Communicator } from "../distributed/communicator.ts";
import { alignStates, shareState } from "../distributed/share-state.ts";
import { prepareModel, trainableModel } from "../prepare-model.ts";
import { Trainer } from "../trainer.ts";
import { checkSameRun } from "./check-same-run.ts";
import type { RunOptions, RunResult } from "./run-options.ts";
import { isCheckpointDue, mustStop } from "./train-steps.ts";

/**
 * What all processes but the first do in a run: they take its steps, and write nothing. They need not see the run's folder: where to begin is told by the first.
 * While that one writes or evaluates, they wait in the next call that all make.
 */
export async function followTraining(options: RunOptions, communicator: Communicator): Promise<RunResult> {
  const { recipe, source, threads, signal, out } = options;
  const model = trainableModel(recipe, await prepareModel(recipe, options));
  await using trainer = await Trainer.create({ recipe, model, source, threads, communicator });
  await checkSameRun(communicator, recipe, model);
  await shareState(communicator, trainer);
  const follow = async (): Promise<RunResult["status"]> => {
    for (;;) {
      const stop = await agreeOnStop(communicator, signal?.aborted === true ? STOP.wanted : STOP.no);
      const isStopped = mustStop(stop, { step: trainer.step, recipe });
      if (isStopped) await alignStates(communicator, trainer);
      if (isStopped || trainer.step >= recipe.steps) return isStopped ? "interrupted" : "finished";
      await trainer.next();
      if (isCheckpointDue(trainer.step, recipe)) await alignStates(communicator, trainer);
    }
  };
  const status = await follow();
  await communicator.barrier(); // the first writes its last files: should it fail, all fail
  return { status, step: trainer.step, folder: out, model: undefined };
}
