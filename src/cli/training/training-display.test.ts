import { expect, test } from "vitest";
import type { LoggedStep } from "../../train/run/run-events.ts";
import type { Progress, ProgressUpdate, TaskOptions } from "../terminal/progress.ts";
import { overridden, resumeCommand } from "./train-options.ts";
import { TrainingDisplay } from "./training-display.ts";

interface Recorded {
  readonly progress: Progress;
  readonly tasks: TaskOptions[];
  readonly notes: string[];
  readonly updates: ProgressUpdate[];
}

function recorded(): Recorded {
  const [tasks, notes, updates] = [[] as TaskOptions[], [] as string[], [] as ProgressUpdate[]];
  const task: Progress["task"] = (options) => {
    tasks.push(options);
    return { update: (update) => void updates.push(update), finish: () => undefined };
  };
  return { tasks, notes, updates, progress: { task, note: (text) => void notes.push(text), stop: () => undefined } };
}

const step = (fields: Partial<LoggedStep>): LoggedStep => ({
  type: "step",
  kind: "contrastive",
  task: "t",
  step: 1,
  loss: 4,
  precision: 0.5,
  inputs: 10,
  learningRate: 0.1,
  gradientNorm: 1,
  seconds: 1,
  inputsPerSecond: 10,
  ...fields,
});

test("loss and P@1 are means of the latest steps, P@1 of the contrastive ones alone", () => {
  const { progress, updates } = recorded();
  const display = new TrainingDisplay(progress, "train x");
  display.show({ type: "begin", step: 0, steps: 100, parameters: { total: 12_300, trained: 950 } });
  display.show(step({ kind: "language", loss: 6, precision: 1 }));
  display.show(step({ step: 2, loss: 2, precision: 0.2 }));
  display.show(step({ step: 3, loss: 1, precision: 0.4, inputs: 5 }));
  expect(updates).toEqual([
    { done: 1, items: 10, loss: 6 },
    { done: 2, items: 20, loss: 4, precisionAt1: 0.2 },
    { done: 3, items: 25, loss: 3, precisionAt1: expect.closeTo(0.3, 12) as unknown },
  ]);
  for (let done = 4; done < 30; done++) display.show(step({ step: done, loss: 7 }));
  expect(updates.at(-1)?.loss).toBe(7);
});

test("a resumed run starts where it was; what happens beside the steps gets a line", () => {
  const { progress, tasks, notes } = recorded();
  const display = new TrainingDisplay(progress, "train x");
  expect(display.hasCheckpoint).toBe(false);
  display.show({ type: "begin", step: 40, steps: 100, parameters: { total: 12_300, trained: 950 } });
  expect(display.hasCheckpoint).toBe(true);
  display.show({ type: "evaluation", step: 50, scores: { aggregate: 0.234, "path 0": 0.2 } });
  display.show({ type: "warning", step: 50, kind: "paths-collapsed", message: "the paths have collapsed" });
  display.show({ type: "change", step: 50, changes: [{ field: "steps", from: 50, to: 100 }] });
  expect(tasks).toEqual([{ label: "train x", total: 100, start: 40, itemUnit: "inputs" }]);
  expect(notes).toEqual([
    "train x: 12.3 K parameters, 950 of them trained, going on after step 40",
    "step 50: validation P@1 aggregate 23.4 %, path 0 20.0 %",
    "warning, step 50: the paths have collapsed",
    "changed on the way: steps from 50 to 100",
  ]);
});

test("a step that was skipped is told", () => {
  const { progress, notes } = recorded();
  new TrainingDisplay(progress, "train x").show(step({ step: 7, isSkipped: true, lossScale: 65_536, skippedSteps: 3 }));
  expect(notes).toEqual(["step 7: gradients overflowed at a loss scale of 65536; skipped, no weight was moved (3 so far)"]);
});

test("the command that goes on with a run has the options it was begun with, as a shell takes them", () => {
  expect(resumeCommand("my recipe.json", { out: "runs/x", seed: 0, threads: 2 })).toBe(
    "polyvec train 'my recipe.json' --out runs/x --seed 0 --threads 2 --resume",
  );
  expect(overridden({ name: "x", seed: 3, steps: 9 } as Parameters<typeof overridden>[0], { seed: 0 })).toMatchObject({
    seed: 0,
    steps: 9,
  });
});
