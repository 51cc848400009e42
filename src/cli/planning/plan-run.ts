import type { ModelOutline } from "../../train/prepare-model.ts";
import type { Recipe } from "../../train/recipe/recipe-types.ts";
import type { Machine } from "./machines.ts";
import { memoryNeeds, type MemoryNeeds } from "./memory-needs.ts";
import { planTraining, type PlannedBatches, type TrainingPlan } from "./plan-training.ts";

/** What a whole training will cost. */
export interface RunPlan extends TrainingPlan {
  readonly memory: MemoryNeeds;
  /** Floating point operations of all steps. */
  readonly flops: number;
  readonly times: readonly MachineTime[];
}

/** How long a training takes on a machine. */
export interface MachineTime {
  readonly machine: Machine;
  readonly stepSeconds: number;
  /** All steps; checkpoints and evaluations apart. */
  readonly seconds: number;
  /** Whether its memory holds the training. */
  readonly fits: boolean;
}

/** Works out what a training costs on some machines. @param outline the recipe's model. @throws {DataError} if a batch cannot be drawn. */
export async function planRun(
  recipe: Recipe,
  {
    outline,
    batches,
    machines,
  }: { readonly outline: ModelOutline; readonly batches: PlannedBatches; readonly machines: readonly Machine[] },
): Promise<RunPlan> {
  const plan = await planTraining(recipe, outline, batches);
  const memory = memoryNeeds(plan);
  const times = machines.map((machine): MachineTime => {
    const stepSeconds = secondsOn(machine, plan);
    return { machine, stepSeconds, seconds: stepSeconds * recipe.steps, fits: memory.all <= machine.memory };
  });
  return { ...plan, memory, flops: plan.step.flops * recipe.steps, times };
}

/**
 * Products at the machine's pace, all else at that of its memory, then the optimisers: none hides the other on ONNX Runtime, which runs one operation
 * at a time. Making inputs ready is counted where it was measured.
 */
function secondsOn(machine: Machine, { step, parameters }: TrainingPlan): number {
  const { cached, main } = step.traffic;
  const graphs = step.flops / machine.flops + cached / machine.cachedBandwidth + main / machine.bandwidth + step.operations * machine.start;
  const updates = (parameters.all.trained + step.estimatorUpdates) * machine.update;
  return graphs + updates + (machine.isMeasured ? step.preparing : 0);
}

/** The recipe of the single-path baseline: one path without prefix, no loss of paths, nothing that keeps them apart; all else alike. */
export function baselineOf(recipe: Recipe): Recipe {
  const paths = { ...recipe.model.paths, count: 1, prefixLength: 0, topology: { kind: "parallel" }, aggregation: "mean" } as const;
  return {
    ...recipe,
    name: `${recipe.name}, single path`,
    model: { ...recipe.model, paths },
    objective: { ...recipe.objective, pathWeight: 0, regulariser: { kind: "none" } },
  };
}
