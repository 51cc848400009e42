import { platform } from "node:os";
import { AbortedError } from "../../errors/families.ts";

/** The one way every command is stopped: by Ctrl-C, by SIGTERM or SIGUSR2, or because nobody reads its output any more. */
export interface Interruption {
  /** Aborts on the first interruption; its reason is an {@link AbortedError}. */
  readonly signal: AbortSignal;
  /** The exit code an interruption asks for: 130 after Ctrl-C, 143 after SIGTERM, 140 after SIGUSR2, 0 after a closed output; undefined if there was none. */
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

/** SIGUSR2 is what launchers of several processes pass on and do nothing about themselves. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGUSR2: 140 } as const;
const SIGNALS = (Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[]).filter((name) => name !== "SIGUSR2" || platform() !== "win32");

/**
 * Listens for Ctrl-C, SIGTERM and SIGUSR2. The first asks the command to finish its step and stop; a second one ends the process at once.
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
    stop(EXIT_CODES[name], `stopped by ${name === "SIGINT" ? "Ctrl-C" : name}`);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    outputClosed: () => stop(0, "nobody reads the output any more"),
    dispose() {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
