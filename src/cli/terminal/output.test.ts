import { PassThrough, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { FileError } from "../../errors/families.ts";
import { createOutput } from "./output.ts";

function failingStream(code: string): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
}

describe("createOutput", () => {
  it("writes text and JSON as lines", async () => {
    const stream = new PassThrough();
    const out = createOutput(stream, () => undefined);
    await out.line("a");
    await out.line();
    await out.json({ b: [1, 2] });
    expect(String(stream.read())).toBe('a\n\n{"b":[1,2]}\n');
  });

  it("waits while the reader is slower", async () => {
    const stream = new PassThrough({ highWaterMark: 4 });
    const out = createOutput(stream, () => undefined);
    let written = false;
    const writing = out.line("a long line").then(() => (written = true));
    await sleep(5);
    expect(written).toBe(false);
    stream.resume();
    await writing;
    expect(written).toBe(true);
  });

  it("tells once that the reader went away, and drops what is written later", async () => {
    const onClosed = vi.fn<() => void>();
    const out = createOutput(failingStream("EPIPE"), onClosed);
    await out.line("a");
    await sleep(1);
    await out.line("b");
    expect(onClosed).toHaveBeenCalledTimes(1);
  });

  it("throws a FileError when the disk is full, at the latest when flushed", async () => {
    const out = createOutput(failingStream("ENOSPC"), () => undefined);
    const writing = (async () => {
      await out.line("a");
      await out.flush();
    })();
    await expect(writing).rejects.toThrow(FileError);
  });

  it("flushes what was written", async () => {
    const stream = new PassThrough();
    const out = createOutput(stream, () => undefined);
    await out.line("a");
    await out.flush();
    expect(String(stream.read())).toBe("a\n");
  });
});
