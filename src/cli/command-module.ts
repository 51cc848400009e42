import type { Command, OptionValues } from "@commander-js/extra-typings";
import type { Output } from "./terminal/output.ts";
import type { Progress } from "./terminal/progress.ts";

/** What a running command is given beside its options. */
export interface CommandContext {
  /** Aborts at Ctrl-C: finish the step, keep what was made, and return or throw the signal's reason. */
  readonly signal: AbortSignal;
  /** Tells what is going on, on stderr. */
  readonly progress: Progress;
  /** Takes the results, on stdout. */
  readonly out: Output;
  /** Whether `--json` was given: results as JSON only, no progress. */
  readonly json: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Says nothing more of interruptions: for a process that leaves telling to another. */
  readonly mute: () => void;
}

/** What a command file gives to {@link defineCommand}; its name and summary stand in `commands.ts`. */
export interface CommandDefinition<Arguments extends unknown[], Options extends OptionValues> {
  /** Adds the arguments and options. Values that are not strings have a parser that throws {@link UsageError}. */
  readonly configure: (command: Command) => Command<Arguments, Options>;
  /** Does the work. Whatever it throws becomes an error message and an exit code. */
  readonly run: (options: Options, context: CommandContext, args: Arguments) => Promise<void>;
}

/** One command, loaded only when it is asked for: what a file in `commands/` exports as `command`. */
export interface CommandModule {
  /** Adds arguments, options and action to an empty command. `start` gives the context in which the work is done. */
  register(command: Command, start: (work: (context: CommandContext) => Promise<void>) => Promise<void>): void;
}

/** Makes a command out of its definition; types of `options` and `args` follow from `configure`. */
export function defineCommand<Arguments extends unknown[], Options extends OptionValues>(
  definition: CommandDefinition<Arguments, Options>,
): CommandModule {
  return {
    register(empty, start) {
      const command = definition.configure(empty);
      command.action(() => start((context) => definition.run(command.opts(), context, command.processedArgs)));
    },
  };
}
