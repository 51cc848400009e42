import type { ReportModelInput } from "../../eval/report/report-input.ts";
import type { Recipe, RecipeObjective, RecipePaths } from "../../train/recipe/recipe-types.ts";

/** Everything that a reproduction can train. */
export type SetupId =
  | "ssc"
  | "ssc-equal-time"
  | "pdf"
  | "pdf-half"
  | "pdf-shared"
  | "pdf-branch"
  | "pdf-no-mi"
  | "pdf-orthogonality"
  | "pdf-no-path-loss"
  | "pdf-mean"
  | "pdf-n1"
  | "pdf-n2"
  | "pdf-n8"
  | "pdf-prefix-2"
  | "pdf-prefix-16"
  | "pdf-alike"
  | "pdf-apart";

/** The recipes that setups are variations of, at the preset's size and one seed. */
export interface BaseRecipes {
  readonly ssc: Recipe;
  readonly pdf: Recipe;
  readonly shared: Recipe;
}

/** What a setup may learn from a run of the same seed that was trained before it. */
export interface FinishedRun {
  readonly trainingSeconds: number;
  /** Standard deviation that calibration found for the prefixes; undefined without calibration. */
  readonly prefixScale: number | undefined;
}

/** One way to train, with the name it has in the report. */
export interface Setup {
  readonly name: string;
  readonly description: string;
  readonly role: ReportModelInput["role"];
  /** @param finished the runs of setups that stand before this one. */
  readonly recipe: (base: BaseRecipes, finished: (id: SetupId) => FinishedRun) => Recipe;
}

/** What each setup is. All but the first are compared with SSC at equal steps unless they say otherwise. */
export const SETUPS: Readonly<Record<SetupId, Setup>> = {
  ssc: {
    name: "SSC",
    description: "one path, no prefix: single-embedding contrastive training",
    role: "baseline",
    recipe: ({ ssc }) => ssc,
  },
  pdf: {
    name: "PDF",
    description: "four parallel paths, path loss, vCLUB",
    role: "main",
    recipe: ({ pdf }) => pdf,
  },
  "pdf-half": {
    name: "PDF, half the steps",
    description: "as PDF, half the budget",
    role: "ablation",
    recipe: ({ pdf }) => withSteps(pdf, pdf.steps / 2),
  },
  "ssc-equal-time": {
    name: "SSC, PDF's training time",
    description: "as SSC, as many steps as fit into PDF's training time",
    role: "yardstick",
    recipe: ({ ssc }, finished) => withSteps(ssc, (ssc.steps * finished("pdf").trainingSeconds) / finished("ssc").trainingSeconds),
  },
  "pdf-shared": {
    name: "PDF, shared trunk",
    description: "the input runs once, four readout tokens see their path's prefixes (ours)",
    role: "ablation",
    recipe: ({ shared }) => shared,
  },
  "pdf-branch": {
    name: "PDF, branching at layer 3",
    description: "layers below run once, without prefix",
    role: "ablation",
    recipe: ({ pdf }) => withPaths(pdf, { topology: { kind: "branchLayer", layer: 3 } }),
  },
  "pdf-no-mi": {
    name: "PDF, no MI term",
    description: "nothing keeps the paths apart",
    role: "ablation",
    recipe: ({ pdf }) => withObjective(pdf, { regulariser: { kind: "none" } }),
  },
  "pdf-orthogonality": {
    name: "PDF, orthogonality",
    description: "squared cosine between centred paths in place of vCLUB, weight 1",
    role: "ablation",
    recipe: ({ pdf }) => withObjective(pdf, { regulariser: { kind: "orthogonality", centred: true }, regulariserWeight: 1 }),
  },
  "pdf-no-path-loss": {
    name: "PDF, no path loss",
    description: "only the aggregate has a contrastive loss",
    role: "ablation",
    recipe: ({ pdf }) => withObjective(pdf, { pathWeight: 0 }),
  },
  "pdf-mean": {
    name: "PDF, mean",
    description: "the aggregate is the mean of the paths, no gate",
    role: "ablation",
    recipe: ({ pdf }) => withPaths(pdf, { aggregation: "mean" }),
  },
  "pdf-n1": {
    name: "PDF, 1 path",
    description: "one path with a prefix, of the scale that PDF's were given",
    role: "ablation",
    // one path has no other to be calibrated against
    recipe: ({ pdf }, finished) => withPaths(pdf, { count: 1, prefixScale: finished("pdf").prefixScale ?? pdf.model.paths.prefixScale }),
  },
  "pdf-n2": { name: "PDF, 2 paths", description: "two paths", role: "ablation", recipe: ({ pdf }) => withPaths(pdf, { count: 2 }) },
  "pdf-n8": { name: "PDF, 8 paths", description: "eight paths", role: "ablation", recipe: ({ pdf }) => withPaths(pdf, { count: 8 }) },
  "pdf-prefix-2": {
    name: "PDF, prefix length 2",
    description: "two key-value vectors per path, layer and head",
    role: "ablation",
    recipe: ({ pdf }) => withPaths(pdf, { prefixLength: 2 }),
  },
  "pdf-prefix-16": {
    name: "PDF, prefix length 16",
    description: "sixteen key-value vectors per path, layer and head",
    role: "ablation",
    recipe: ({ pdf }) => withPaths(pdf, { prefixLength: 16 }),
  },
  "pdf-alike": {
    name: "PDF, paths start alike",
    description: "prefixes calibrated to a cosine of 0.995 between paths",
    role: "ablation",
    recipe: ({ pdf }) => withPaths(pdf, { targetCosine: 0.995 }),
  },
  "pdf-apart": {
    name: "PDF, paths start apart",
    description: "prefixes calibrated to a cosine of 0.8 between paths",
    role: "ablation",
    recipe: ({ pdf }) => withPaths(pdf, { targetCosine: 0.8 }),
  },
};

/** The recipe over another number of steps; its warm-ups stretch or shrink with them, its decay does so by itself. */
function withSteps(recipe: Recipe, wanted: number): Recipe {
  const steps = Math.max(1, Math.round(wanted));
  const scaled = (count: number): number => Math.round((count * steps) / recipe.steps);
  const { optimizer, objective } = recipe;
  return {
    ...recipe,
    steps,
    optimizer: { ...optimizer, warmUpSteps: scaled(optimizer.warmUpSteps) },
    objective: { ...objective, regulariserWarmUpSteps: scaled(objective.regulariserWarmUpSteps) },
  };
}

function withPaths(recipe: Recipe, paths: Partial<RecipePaths>): Recipe {
  return { ...recipe, model: { ...recipe.model, paths: { ...recipe.model.paths, ...paths } } };
}

function withObjective(recipe: Recipe, objective: Partial<RecipeObjective>): Recipe {
  return { ...recipe, objective: { ...recipe.objective, ...objective } };
}
