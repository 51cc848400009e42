/** A line of the log as a row of numbers by name. */
export interface FlatRow {
  readonly step: number;
  readonly values: ReadonlyMap<string, number>;
}

/** What is no curve: it says where a row stands, or is counted in another curve. */
const NO_CURVES: ReadonlySet<string> = new Set(["step", "inputs", "diversity.closest.first", "diversity.closest.second"]);

/**
 * The numbers of a step by name: `loss`, `pathLosses.0`, `diversity.cka`, ... Steps of language modelling have names of their own for what means something else
 * there. Whatever numbers a later version logs are taken too.
 */
export function flattenStep(row: Readonly<Record<string, unknown>>): FlatRow {
  const values = new Map(numbersOf(row).filter(([name]) => !NO_CURVES.has(name)));
  const [loss, precision] = [values.get("loss"), values.get("precision")];
  const task = typeof row["task"] === "string" ? row["task"] : "";
  if (row["kind"] === "language") {
    for (const name of ["loss", "precision"]) values.delete(name);
    set(values, "language.loss", loss);
    set(values, "language.precision", precision);
  } else if (task !== "") {
    set(values, `taskLosses.${task}`, loss);
    set(values, `taskPrecisions.${task}`, precision);
  }
  const [regulariser, weight] = [values.get("regulariser"), values.get("regulariserWeight")];
  if (regulariser !== undefined && weight !== undefined) values.set("regulariserTerm", regulariser * weight);
  return { step: Number(row["step"]), values };
}

/** The scores of an evaluation on the validation split: `validation.aggregate`, `validation.path 0`, ... */
export function flattenEvaluation(row: Readonly<Record<string, unknown>>): FlatRow {
  const scores = numbersOf(row["scores"] ?? {}).map(([name, value]): [string, number] => [`validation.${name}`, value]);
  return { step: Number(row["step"]), values: new Map(scores) };
}

/** Deep enough for all that is logged. */
const DEPTH = 3;

function numbersOf(value: unknown, prefix = "", depth = DEPTH): [string, number][] {
  if (typeof value === "number") return [[prefix, value]];
  if (typeof value !== "object" || value === null || depth === 0) return [];
  return Object.entries(value).flatMap(([name, inner]) => numbersOf(inner, prefix === "" ? name : `${prefix}.${name}`, depth - 1));
}

function set(values: Map<string, number>, name: string, value: number | undefined): void {
  if (value !== undefined) values.set(name, value);
}
