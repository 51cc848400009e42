import sharp from "sharp";
import { expect, test } from "vitest";
import { startPicturePool } from "./picture-pool.ts";
import { fitImage } from "../../model/multimodal/image-fitting.ts";
import { decodePicture, type PictureTask } from "./picture-task.ts";

async function task(): Promise<PictureTask> {
  const bytes = await sharp({ create: { width: 40, height: 30, channels: 3, background: "#8040c0" } })
    .png()
    .toBuffer();
  return { picture: { from: bytes, name: "violet" }, fitting: { kind: "square", side: 16 } };
}

test("a thread does what is done here", async () => {
  await using pool = await startPicturePool(1);
  const violet = await task();
  const [first, second] = await Promise.all([pool.run(violet), pool.run({ ...violet, fitting: { kind: "none" } })]);
  expect(first).toEqual(fitImage(await decodePicture(violet.picture), violet.fitting));
  expect([second.width, second.height, second.data.length]).toEqual([40, 30, 3600]);
  await expect(pool.run({ ...violet, picture: { from: new Uint8Array([1, 2]), name: "no picture" } })).rejects.toThrow("no picture");
  expect(await pool.run(violet)).toEqual(first);
});

test("what is under way is done before its threads end; then nothing is taken", async () => {
  const pool = await startPicturePool(1);
  const under = pool.run(await task());
  await pool.dispose();
  expect((await under).width).toBe(16);
  await expect(pool.run(await task())).rejects.toThrow("ended");
  await pool.dispose();
});
