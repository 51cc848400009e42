import { AbortedError } from "../../errors/families.ts";

/** The one way every command is stopped: by Ctrl-C, by SIGTERM, or because nobody reads its output any more. */
export interface Interruption {
  /** Aborts on the first interruption; its reason is an {@link AbortedError}. */
  readonly signal: AbortSignal;
  /** The exit code an interruption asks for: 130 after Ctrl-C, 143 after SIGTERM, 0 after a closed output; undefined if there was none. */
  readonly exitCode: number | undefined;
  /** To be called when the reader of the output went away. */
  outputClosed(): void;
  /** Stops listening. */
  dispose(): void;
}

/** What an interruption needs of the process. */
export interface InterruptionOptions {
  /** Tells the user something. */
  readonly say: (text: string) => void;
  readonly process: Pick<NodeJS.Process, "on" | "off" | "exit">;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Listens for Ctrl-C and SIGTERM. The first asks the command to finish its step and stop; a second one ends the process at once.
 */
export function watchInterruptions({ say, process }: InterruptionOptions): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const stop = (code: number, message: string): void => {
    exitCode ??= code;
    controller.abort(new AbortedError({ message, details: { exitCode } }));
  };
  const onSignal = (name: keyof typeof EXIT_CODES): void => {
    if (exitCode !== undefined && exitCode !== 0) process.exit(EXIT_CODES[name]);
    say("stopping after this step; press Ctrl-C again to stop at once");
    stop(EXIT_CODES[name], name === "SIGINT" ? "stopped by Ctrl-C" : "stopped by SIGTERM");
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    outputClosed: () => stop(0, "nobody reads the output any more"),
    dispose() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
