/** A curve of a chart. */
export interface LineKind {
  /** Of the numbers, as in the tables of a run. */
  readonly column: string;
  readonly label: string;
  /** Place among the colours: 0 the whole, 1 the aggregate, 2 and on the paths and all else. */
  readonly color: number;
}

/** A chart, whatever the runs. */
export interface ChartKind {
  readonly id: string;
  readonly title: string;
  /** What there is to know to read it. */
  readonly note?: string;
  readonly table: "steps" | "evaluations";
  /** Whether "logarithmic" changes it. */
  readonly canBeLogarithmic?: boolean;
  readonly unit?: "share";
  /** Numbers that do not jump, and are never smoothed. */
  readonly isExact?: boolean;
  /** Folded away at first. */
  readonly isDetail?: boolean;
  /** Its curves, of the columns that the runs have. */
  readonly lines: (columns: ReadonlySet<string>) => readonly LineKind[];
}

/** Colours of paths begin here. */
const FIRST_PATH = 2;

/** Every chart, in the order of the page; those without curves are not shown. Numbers that none of them claims come after, a chart for each. */
export const CHARTS: readonly ChartKind[] = [
  {
    id: "loss",
    title: "Loss",
    note: "total = aggregate + path weight × mean of the paths + weighted term that keeps paths apart",
    table: "steps",
    canBeLogarithmic: true,
    lines: named(
      ["loss", "total", 0],
      ["aggregateLoss", "aggregate", 1],
      ["regulariserTerm", "between paths, weighted", 3],
      ["language.loss", "language", 6],
    ),
  },
  { id: "path-losses", title: "Loss of each path", table: "steps", canBeLogarithmic: true, lines: paths("pathLosses.") },
  {
    id: "precision",
    title: "P@1 in the batch",
    note: "share of queries whose own target scores highest in their batch",
    table: "steps",
    unit: "share",
    lines: together(named(["precision", "aggregate", 1]), paths("pathPrecisions.")),
  },
  { id: "validation", title: "P@1 on validation", table: "evaluations", unit: "share", isExact: true, lines: validation },
  {
    id: "diversity",
    title: "How alike the paths are",
    note: "of two paths on one batch, means over all pairs; a rank correlation above 0.98 is a collapse",
    table: "steps",
    lines: named(
      ["diversity.rankCorrelation", "rank correlation", 1],
      ["diversity.closest.rankCorrelation", "of the closest two", 3],
      ["diversity.centredCosine", "centred cosine", 2],
      ["diversity.cka", "CKA", 4],
    ),
  },
  {
    id: "information",
    title: "Mutual information between paths",
    note: "nats per dimension; an estimator without gain knows nothing, and its bound means nothing",
    table: "steps",
    lines: named(["estimator.value", "bound (vCLUB)", 1], ["estimator.likelihoodGain", "estimator's gain", 2]),
  },
  {
    id: "learning-rate",
    title: "Learning rate",
    table: "steps",
    canBeLogarithmic: true,
    isExact: true,
    lines: named(["learningRate", "learning rate", 1]),
  },
  {
    id: "gradient-norm",
    title: "Gradient norm",
    note: "before clipping",
    table: "steps",
    canBeLogarithmic: true,
    lines: named(["gradientNorm", "gradient norm", 1]),
  },
  { id: "throughput", title: "Inputs per second", table: "steps", lines: named(["inputsPerSecond", "inputs per second", 1]) },
  { id: "seconds", title: "Seconds per step", table: "steps", canBeLogarithmic: true, lines: named(["seconds", "seconds", 1]) },
  {
    id: "loss-scale",
    title: "Loss scale",
    note: "with precision float16; it is halved when gradients overflow, and that step is skipped",
    table: "steps",
    canBeLogarithmic: true,
    isExact: true,
    lines: named(["lossScale", "loss scale", 1]),
  },
  {
    id: "skipped",
    title: "Skipped steps",
    note: "so far",
    table: "steps",
    isExact: true,
    lines: named(["skippedSteps", "skipped steps", 3]),
  },
  {
    id: "language",
    title: "Answer tokens guessed",
    table: "steps",
    unit: "share",
    lines: named(["language.precision", "language", 6]),
  },
  { id: "task-losses", title: "Loss by task", table: "steps", canBeLogarithmic: true, isDetail: true, lines: tasks("taskLosses.") },
  {
    id: "task-precisions",
    title: "P@1 in the batch by task",
    table: "steps",
    unit: "share",
    isDetail: true,
    lines: tasks("taskPrecisions."),
  },
];

/** Told elsewhere, or of no use as a curve of its own. */
const NOT_SHOWN: ReadonlySet<string> = new Set(["regulariser", "regulariserWeight", "estimator.negativeLogLikelihood"]);

/** Charts of numbers that no other chart shows: those that a later version logs. */
export function otherCharts(columns: ReadonlySet<string>): ChartKind[] {
  const claimed = new Set(CHARTS.flatMap(({ lines }) => lines(columns).map(({ column }) => column)));
  return [...columns]
    .filter((column) => !claimed.has(column) && !NOT_SHOWN.has(column))
    .map((column) => ({
      id: `other-${column}`,
      title: column,
      table: "steps",
      canBeLogarithmic: true,
      isDetail: true,
      lines: named([column, column, 1]),
    }));
}

type Lines = ChartKind["lines"];

function named(...all: readonly (readonly [column: string, label: string, color: number])[]): Lines {
  return (columns) => all.filter(([column]) => columns.has(column)).map(([column, label, color]): LineKind => ({ column, label, color }));
}

/** The curves of paths, from 1 for people. */
function paths(prefix: string): Lines {
  return (columns) =>
    withPrefix(columns, prefix).map((column): LineKind => {
      const path = Number(column.slice(prefix.length));
      return { column, label: `path ${path + 1}`, color: FIRST_PATH + path };
    });
}

function tasks(prefix: string): Lines {
  return (columns) => {
    const found = withPrefix(columns, prefix).sort();
    return found.length < 2
      ? []
      : found.map((column, place): LineKind => ({ column, label: column.slice(prefix.length), color: 1 + place }));
  };
}

/** Scores in the order in which they are logged; paths are `path 0` and on there. */
function validation(columns: ReadonlySet<string>): LineKind[] {
  const prefix = "validation.";
  return withPrefix(columns, prefix).map((column): LineKind => {
    const score = column.slice(prefix.length);
    const path = /^path (\d+)$/.exec(score)?.[1];
    if (path !== undefined) return { column, label: `path ${Number(path) + 1}`, color: FIRST_PATH + Number(path) };
    return { column, label: score === "all" ? "all paths" : score, color: score === "aggregate" ? 1 : 0 };
  });
}

function together(...all: readonly Lines[]): Lines {
  return (columns) => all.flatMap((lines) => lines(columns));
}

function withPrefix(columns: ReadonlySet<string>, prefix: string): string[] {
  return [...columns].filter((column) => column.startsWith(prefix));
}
