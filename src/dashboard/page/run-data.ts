import type { RunFacts, RunRowsMessage } from "../messages.ts";
import { CurveTable } from "./curve-table.ts";
import { flattenEvaluation, flattenStep } from "./flatten-row.ts";

/** A warning, or settings that were changed when the run was resumed. */
export interface RunNote {
  readonly step: number;
  readonly kind: string;
  readonly text: string;
}

/** Up to where a row reached into the tables, so that rows can be taken back. */
interface RowMark {
  readonly steps: number;
  readonly evaluations: number;
  readonly notes: number;
  readonly seconds: number;
  readonly evaluationSeconds: number | undefined;
}

const NOTHING: RowMark = { steps: 0, evaluations: 0, notes: 0, seconds: 0, evaluationSeconds: undefined };

/** All that the page knows of one run. */
export class RunData {
  facts: RunFacts | undefined;
  generation = 0;
  readonly steps: CurveTable = new CurveTable();
  readonly evaluations: CurveTable = new CurveTable();
  readonly notes: RunNote[] = [];
  readonly #marks: RowMark[] = [];

  /** Rows of the log. */
  get count(): number {
    return this.#marks.length;
  }

  /** Seconds of all its steps and evaluations. */
  get seconds(): number {
    return this.#last.seconds;
  }

  /** That its latest evaluation took; undefined if that is not known. */
  get evaluationSeconds(): number | undefined {
    return this.#last.evaluationSeconds;
  }

  get latestStep(): number {
    return this.steps.steps.at(-1) ?? 0;
  }

  /** Puts rows in the place of those that were there from one on. */
  take({ generation, from, rows }: RunRowsMessage): void {
    this.generation = generation;
    this.#cut(from);
    for (const row of rows) this.#add(row);
  }

  get #last(): RowMark {
    return this.#marks.at(-1) ?? NOTHING;
  }

  #cut(count: number): void {
    if (count >= this.#marks.length) return;
    this.#marks.length = count;
    const { steps, evaluations, notes } = this.#last;
    this.steps.cut(steps);
    this.evaluations.cut(evaluations);
    this.notes.length = notes;
  }

  #add(row: Readonly<Record<string, unknown>>): void {
    const took = typeof row["seconds"] === "number" ? row["seconds"] : 0;
    const seconds = this.seconds + took;
    let { evaluationSeconds } = this.#last;
    switch (row["type"]) {
      case "step":
        this.steps.push(flattenStep(row), seconds / 3600);
        break;
      case "evaluation":
        this.evaluations.push(flattenEvaluation(row), seconds / 3600);
        if (took > 0) evaluationSeconds = took;
        break;
      case "warning":
        this.notes.push({ step: Number(row["step"]), kind: String(row["kind"]), text: String(row["message"]) });
        break;
      case "change":
        this.notes.push({ step: Number(row["step"]), kind: "change", text: describeChanges(row["changes"]) });
        break;
      default: // of a later version: nothing to show
    }
    const { steps, evaluations, notes } = this;
    this.#marks.push({ steps: steps.length, evaluations: evaluations.length, notes: notes.length, seconds, evaluationSeconds });
  }
}

function describeChanges(changes: unknown): string {
  if (!Array.isArray(changes)) return "settings were changed";
  return (changes as Readonly<Record<string, unknown>>[])
    .map(({ field, from, to }) => `${String(field)} from ${JSON.stringify(from)} to ${JSON.stringify(to)}`)
    .join(", ");
}
