import { EventEmitter } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { watchInterruptions, type InterruptionOptions } from "./abort.ts";

function watched() {
  const process = Object.assign(new EventEmitter(), { exit: vi.fn<(code?: number | string | null) => never>() });
  const say = vi.fn<(text: string) => void>();
  const interruption = watchInterruptions({ say, process: process as unknown as InterruptionOptions["process"] });
  return { process, say, interruption };
}

describe("watchInterruptions", () => {
  it("asks the command to stop at the first Ctrl-C, and says so", () => {
    const { process, say, interruption } = watched();
    expect(interruption.signal.aborted).toBe(false);
    process.emit("SIGINT", "SIGINT");
    expect(interruption.signal.reason).toMatchObject({ code: "aborted", message: "stopped by Ctrl-C" });
    expect(interruption.exitCode).toBe(130);
    expect(say).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("Ctrl-C again"));
    expect(process.exit).not.toHaveBeenCalled();
  });

  it("ends the process at the second", () => {
    const { process } = watched();
    process.emit("SIGINT", "SIGINT");
    process.emit("SIGINT", "SIGINT");
    expect(process.exit).toHaveBeenCalledExactlyOnceWith(130);
  });

  it("treats SIGTERM alike, with its own exit code", () => {
    const { process, interruption } = watched();
    process.emit("SIGTERM", "SIGTERM");
    expect(interruption.exitCode).toBe(143);
  });

  it("stops without an error when the output is closed; Ctrl-C can still follow", () => {
    const { process, interruption } = watched();
    interruption.outputClosed();
    expect(interruption.signal.aborted).toBe(true);
    expect(interruption.exitCode).toBe(0);
    process.emit("SIGINT", "SIGINT");
    expect(process.exit).not.toHaveBeenCalled();
  });

  it("listens no more once disposed", () => {
    const { process, interruption } = watched();
    interruption.dispose();
    process.emit("SIGINT", "SIGINT");
    expect(interruption.signal.aborted).toBe(false);
  });
});
