import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectFloat, type Tensor } from "../../src/engine/tensor/tensor.ts";
import { present } from "../../src/errors/families.ts";
import { relativeError } from "../fixtures/qwen2-vl/run-graph.ts";
import { copyAdapter } from "../support/checkpoint-folders.ts";
import { readTensors } from "../support/read-tensors.ts";
import { runPolyvec } from "../support/run-polyvec.ts";

/** Whole checkpoints as transformers saves them: see tools/reference/make_checkpoint_fixtures.py. */
const KINDS = ["qwen2-vl", "llava-next-mistral", "llava-next-llama", "qwen3-vl", "idefics3", "smolvlm"] as const;
/** Of the largest value of the tensor; float32 on both sides. */
const TOLERANCE = 1e-5;
/** How far embeddings move where pictures are resized by torchvision, which differs by a level or two here and there, or takes bicubic for Lanczos. */
const TORCHVISION = { close: 2e-3, bicubic: 5e-3 } as const;

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "polyvec-checkpoints-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** What the command line embeds with a folder, from the lines of that or of another one. */
async function embed(folder: string, options: readonly string[] = [], lines = folder): Promise<string> {
  const args = ["--model", folder, "--input", join(lines, "in.jsonl"), "--paths", "none", "--dtype", "f32", ...options];
  const { code, out, err } = await runPolyvec("embed", ...args);
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  return out;
}

/** All embeddings one after another. */
function vectorsOf(out: string): number[] {
  const lines = out.trim().split("\n");
  return lines.flatMap((line) => (JSON.parse(line) as { aggregate: number[] }).aggregate);
}

describe.each(KINDS)("polyvec embed with a checkpoint of %s, against transformers", async (kind) => {
  const folder = `test/fixtures/checkpoints/${kind}`;
  const expected = await readTensors(join(folder, "expected.safetensors"));
  const lines = (await readFile(join(folder, "in.jsonl"), "utf8")).trim().split("\n");
  const ids = lines.map((line) => (JSON.parse(line) as { id: string }).id);

  test("final hidden states of text, and of one and several pictures of many sizes, and their token ids", async () => {
    const file = join(root, `${kind}.safetensors`);
    await embed(folder, ["--output", file]);
    const actual = await readTensors(file);
    const values = (tensors: Readonly<Record<string, Tensor>>, name: string): number[] =>
      Array.from(present(tensors[name], name).data, Number);
    expect(Object.keys(actual).sort()).toEqual(ids.flatMap((id) => [id, `${id}.input_ids`]).sort());
    for (const id of ids) {
      expect(values(actual, `${id}.input_ids`), id).toEqual(values(expected, `${id}.input_ids`));
      expect(actual[id]?.shape).toEqual(expected[id]?.shape);
      expect(relativeError(values(actual, id), values(expected, id)), id).toBeLessThan(TOLERANCE);
    }
  });

  test("embeddings, whichever side the library pads a batch on, and whatever inputs are batched with", async () => {
    const together = vectorsOf(await embed(folder));
    const alone = vectorsOf(await embed(folder, ["--batch-size", "1"]));
    for (const name of ["embeddings", "embeddings.left", "embeddings.right"])
      for (const actual of [together, alone])
        expect(relativeError(actual, expectFloat(present(expected[name], name)).data), name).toBeLessThan(TOLERANCE);
    const resized = expectFloat(present(expected["embeddings.torchvision"], "embeddings")).data;
    const isLanczos = kind === "idefics3" || kind === "smolvlm";
    expect(relativeError(together, resized)).toBeLessThan(TORCHVISION[isLanczos ? "bicubic" : "close"]);
    const [within = 0] = expectFloat(present(expected["pixels"], "pixels")).data;
    expect(within).toBeGreaterThan(isLanczos ? 0.8 : 0.999);
  });

  test("with an adapter as PEFT saves it, like PEFT beside the weights and merged into them", async () => {
    const adapted = join(root, `adapted-${kind}`);
    await copyAdapter(adapted, folder, resolve(folder));
    const vectors = vectorsOf(await embed(adapted, [], folder));
    for (const name of ["embeddings.adapter", "embeddings.merged"])
      expect(relativeError(vectors, expectFloat(present(expected[name], name)).data), name).toBeLessThan(TOLERANCE);
    expect(relativeError(vectors, expectFloat(present(expected["embeddings"], "embeddings")).data)).toBeGreaterThan(0.01);
  });
});
