import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TrainingError } from "../../errors/families.ts";
import { thrownBy } from "../../../test/support/thrown-by.ts";
import { notingStatus, readStatus } from "./run-status.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polyvec-status-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a run is running until it has ended, and then what it ended as", async () => {
  const result = { status: "finished", step: 7, folder, model: undefined } as const;
  const given = await notingStatus(folder, async () => {
    expect(await readStatus(folder)).toEqual({ state: "running", since: expect.stringMatching(/^\d{4}-.*Z$/) as unknown });
    return result;
  });
  expect(given).toBe(result);
  expect(await readStatus(folder)).toMatchObject({ state: "finished", step: 7, until: expect.stringMatching(/Z$/) as unknown });
});

test("what ended a run is kept", async () => {
  const error = new TrainingError({ message: "step 3: the loss is NaN", details: { step: 3 } });
  expect(await thrownBy(() => notingStatus(folder, () => Promise.reject(error)))).toBe(error);
  expect(await readStatus(folder)).toMatchObject({ state: "failed", error: { code: "training", message: "step 3: the loss is NaN" } });
});

test("a folder that cannot be written ends nothing; a file that is none of ours says nothing", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  const result = { status: "interrupted", step: 1, folder: file, model: undefined } as const;
  expect(await notingStatus(file, () => Promise.resolve(result))).toBe(result);
  await writeFile(join(folder, "status.json"), '{"state": "asleep"}');
  expect(await readStatus(folder)).toBeUndefined();
});
