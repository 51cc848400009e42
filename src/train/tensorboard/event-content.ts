import type { LoggedEvent, LoggedStep } from "../run/run-events.ts";
import type { EventContent } from "./event-proto.ts";

/** What TensorBoard shows of an event of a run: a page of curves for what stands before a tag's slash. */
export function contentOf(event: LoggedEvent): EventContent {
  switch (event.type) {
    case "step":
      return { scalars: numbersOf(stepCurves(event)) };
    case "evaluation":
      return { scalars: prefixed("validation", event.scores) };
    case "warning":
      return { texts: { warnings: event.message } };
    case "change":
      return { texts: { changes: jsonBlock(event.changes) } };
  }
}

/** A value as Markdown that shows its JSON. */
export function jsonBlock(value: unknown): string {
  return `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;
}

type Curves = Readonly<Record<string, number | null | undefined>>;

/** Names are those of `metrics.jsonl`; what depends on the task has a curve for each. */
function stepCurves(step: LoggedStep): Curves {
  const { task, loss, aggregateLoss, precision, learningRate, gradientNorm, seconds, inputsPerSecond, lossScale, skippedSteps } = step;
  const { centredCosine, cka, rankCorrelation } = step.diversity ?? {};
  const { value, likelihoodGain, negativeLogLikelihood } = step.estimator ?? {};
  return {
    ...prefixed("step", { loss, aggregateLoss, learningRate, gradientNorm, seconds, inputsPerSecond, lossScale, skippedSteps }),
    [`loss/${task}`]: loss,
    [`precision/${task}`]: precision,
    ...prefixed("pathLosses", byPlace(step.pathLosses)),
    ...prefixed("pathPrecisions", byPlace(step.pathPrecisions)),
    ...prefixed("regulariser", { value: step.regulariser, weight: step.regulariserWeight }),
    ...prefixed("estimator", { value, likelihoodGain, negativeLogLikelihood }),
    ...prefixed("diversity", { centredCosine, cka, rankCorrelation, closest: step.diversity?.closest?.rankCorrelation }),
  };
}

function byPlace(values: readonly number[] = []): Record<string, number> {
  return Object.fromEntries(values.entries());
}

function prefixed<Value>(prefix: string, values: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]));
}

function numbersOf(curves: Curves): Record<string, number> {
  return Object.fromEntries(Object.entries(curves).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
}
