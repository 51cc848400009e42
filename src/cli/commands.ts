import type { CommandModule } from "./command-module.ts";

/** A command as `polyvec --help` lists it. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loads the command's file: only the one that was asked for is loaded. */
  readonly load: () => Promise<CommandModule>;
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "reproduce",
    summary: "train one-path and multi-path models side by side and report the difference",
    load: async () => (await import("./commands/reproduce.ts")).command,
  },
  { name: "train", summary: "train a model from a recipe", load: async () => (await import("./commands/train.ts")).command },
  {
    name: "sweep",
    summary: "train and score every combination of some settings, into one table",
    load: async () => (await import("./commands/sweep.ts")).command,
  },
  {
    name: "dashboard",
    summary: "show runs as they go, on a live page",
    load: async () => (await import("./commands/dashboard.ts")).command,
  },
  { name: "plan", summary: "tell what a training will cost", load: async () => (await import("./commands/plan.ts")).command },
  {
    name: "data",
    summary: "look after training data: check it, mine hard negatives",
    load: async () => (await import("./commands/data.ts")).command,
  },
  { name: "eval", summary: "score a model on a benchmark", load: async () => (await import("./commands/eval.ts")).command },
  {
    name: "explain",
    summary: "tell what each path finds, prefers and misses",
    load: async () => (await import("./commands/explain.ts")).command,
  },
  {
    name: "compare",
    summary: "tell whether runs on MMEB differ, query by query",
    load: async () => (await import("./commands/compare.ts")).command,
  },
  { name: "embed", summary: "turn texts and images into embeddings", load: async () => (await import("./commands/embed.ts")).command },
  {
    name: "search",
    summary: "find the images that fit a text or an image",
    load: async () => (await import("./commands/search.ts")).command,
  },
  {
    name: "export",
    summary: "write a model in another dtype, and as ONNX files",
    load: async () => (await import("./commands/export.ts")).command,
  },
  { name: "inspect", summary: "tell what a model folder holds", load: async () => (await import("./commands/inspect.ts")).command },
];
