import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** An event that `polyvec train --json` prints. */
export interface PrintedEvent {
  readonly type: string;
  readonly step?: number;
}

/** How a training in a process of its own ended. */
export interface TrainProcessResult {
  readonly code: number | null;
  /** The signal that killed it. */
  readonly signal: NodeJS.Signals | null;
  readonly events: readonly PrintedEvent[];
  readonly err: string;
}

/** Sends a signal to the process; does nothing once it has ended. */
export type SendSignal = (signal: NodeJS.Signals) => void;

/** What a test does to a training in another process. */
export interface TrainProcessOptions {
  /** Beside what this process has in its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called when the process is started. */
  readonly onStart?: (send: SendSignal) => void;
  /** Told of each event as soon as it is printed. */
  readonly onEvent?: (event: PrintedEvent, send: SendSignal) => void;
}

/** Runs `polyvec train <args> --json` in a process of its own to its end, whatever that is. */
export async function trainInProcess(
  args: readonly string[],
  { env, onStart = () => undefined, onEvent = () => undefined }: TrainProcessOptions = {},
): Promise<TrainProcessResult> {
  const child = spawn(process.execPath, ["--import", "tsx", MAIN, "train", ...args, "--json"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  const send: SendSignal = (signal) => void child.kill(signal);
  onStart(send);
  let err = "";
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  const events: PrintedEvent[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const event = parseEvent(line);
    if (event === undefined) continue;
    events.push(event);
    onEvent(event, send);
  }
  await closed;
  return { code: child.exitCode, signal: child.signalCode, events, err };
}

/** A line's event; undefined for one that was cut off by a kill. */
function parseEvent(line: string): PrintedEvent | undefined {
  try {
    return JSON.parse(line) as PrintedEvent;
  } catch {
    return undefined;
  }
}
