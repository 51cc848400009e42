import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createProgress } from "./progress.ts";

function terminal(isTTY: boolean) {
  let time = 0;
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 200 });
  const text = (): string => String(stream.read() ?? "");
  return { stream, text, now: () => time, pass: (ms: number) => (time += ms) };
}

describe("createProgress", () => {
  it("writes a line every few seconds when piped, and one at the end", async () => {
    const { stream, text, now, pass } = terminal(false);
    const progress = await createProgress({ stream, now });
    const task = progress.task({ label: "train", total: 20 });
    for (let done = 1; done <= 10; done++) {
      pass(1000);
      task.update({ done, items: done * 32, loss: 2 / done, precisionAt1: done / 20 });
    }
    task.finish();
    expect(text().trimEnd().split("\n")).toEqual([
      "train 5/20 steps, loss 0.400, P@1 25.0 %, 32.0 images/s, 15 s left",
      "train 10/20 steps, loss 0.200, P@1 50.0 %, 32.0 images/s, 10 s left",
      "train 10/20 steps, loss 0.200, P@1 50.0 %, 32.0 images/s, took 10 s",
    ]);
  });

  it("counts speed and time left from where a resumed task starts", async () => {
    const { stream, text, now, pass } = terminal(false);
    const progress = await createProgress({ stream, now });
    const task = progress.task({ label: "train", total: 200, start: 100 });
    pass(10_000);
    task.update({ done: 110 });
    expect(text()).toBe("train 110/200 steps, 1.00 images/s, 1 min 30 s left\n");
  });

  it("is silent on request", async () => {
    const { stream, text, now } = terminal(true);
    const progress = await createProgress({ stream, now, silent: true });
    progress.task({ label: "train", total: 2 }).finish();
    progress.note("hello");
    progress.stop();
    expect(text()).toBe("");
  });

  it("draws a bar on a terminal, keeps notes above it and shows the last state", async () => {
    const { stream, text, now, pass } = terminal(true);
    const progress = await createProgress({ stream, now });
    const task = progress.task({ label: "embed", total: 4 });
    pass(2000);
    task.update({ done: 2 });
    progress.note("one image was skipped");
    progress.stop();
    const drawn = text();
    expect(drawn).toContain("one image was skipped\n");
    expect(drawn).toContain(`embed ${"█".repeat(12)}${"░".repeat(12)} 2/4, 1.00 images/s, took 2 s`);
    task.finish();
    expect(text()).toBe("");
  });
});
