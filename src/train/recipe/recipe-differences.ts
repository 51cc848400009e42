/** A field in which two recipes differ. */
export interface RecipeDifference {
  /** Dotted. */
  readonly field: string;
  /** JSON values; null for none. */
  readonly from: unknown;
  readonly to: unknown;
}

/**
 * The fields in which two JSON values differ, in the order of their keys; objects are compared field by field, all else as a whole.
 * A field that is not there counts as null.
 */
export function recipeDifferences(from: unknown, to: unknown, field = ""): RecipeDifference[] {
  if (isRecord(from) && isRecord(to)) {
    const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
    return [...keys].flatMap((key) => recipeDifferences(from[key] ?? null, to[key] ?? null, field === "" ? key : `${field}.${key}`));
  }
  return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ field, from, to }];
}

/** Settings that a run may be resumed with other values of: they change how it goes on, or how it is watched, but not what it is. */
const CHANGEABLE: ReadonlySet<string> = new Set([
  "steps",
  "chunkSize",
  "chunkSize.queries",
  "chunkSize.targets",
  "recompute",
  "precision",
  "lossScaling.initialScale",
  "lossScaling.growthFactor",
  "lossScaling.backoffFactor",
  "lossScaling.growthInterval",
  "lossScaling.minimumScale",
  "lossScaling.maximumSkippedSteps",
  "diversityEverySteps",
  "checkpointEverySteps",
  "keepCheckpoints",
  "evaluateEverySteps",
  "evaluateQueries",
  "optimizer.learningRate",
  "optimizer.warmUpSteps",
  "optimizer.clipNorm",
]);

/** Whether a run may be resumed with another value of that field. */
export function isChangeable({ field }: Pick<RecipeDifference, "field">): boolean {
  return CHANGEABLE.has(field);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
