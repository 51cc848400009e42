import { describe, expect, expectTypeOf, test } from "vitest";
import { madeUpEmbeddings, madeUpTask } from "../../test/fixtures/eval/made-up-embeddings.ts";
import { joinSets, takeRows, type EmbeddingSet } from "../embed/embedding-set.ts";
import type { EvaluationTask } from "../data/emoji/tasks/task-types.ts";
import type { EmbeddingInput } from "../inputs/embedding-input.ts";
import { scoreEnsemble } from "./ensemble.ts";
import { evaluateEnsemble } from "./evaluate-ensemble.ts";
import { evaluateModel } from "./evaluate.ts";
import { parseEvaluationRecord, toEvaluationRecord } from "./evaluation-record.ts";
import type { EvaluableTask } from "./ranking-task.ts";
import { precisionAtOne } from "./scoring.ts";

const inputs = madeUpEmbeddings({ count: 40, pathCount: 3, dimensions: 8 }, 1);
const pool = Array.from({ length: 40 }, (_, item) => item);
const everyone = { name: "self", rows: pool.map((query) => ({ query, candidates: pool, positive: query })) };

/** Inputs are row numbers; a query list is its own array, the pool is shared. */
function taskOf(name: string, concepts: "seen" | "unseen"): EvaluableTask<number> {
  return { ...everyone, name, family: "image-to-image", concepts, vendor: "noto", queries: [...pool], candidates: pool };
}

function counting(): { embed: (rows: readonly number[]) => Promise<EmbeddingSet>; calls: number[] } {
  const calls: number[] = [];
  return { calls, embed: async (rows) => (calls.push(rows.length), takeRows(inputs, rows)) };
}

describe("evaluateModel", () => {
  test("embeds a shared pool once, scores every task and measures diversity", async () => {
    const { embed, calls } = counting();
    const seen: string[] = [];
    const evaluation = await evaluateModel([taskOf("a", "seen"), taskOf("b", "unseen")], embed, {
      onTask: ({ task, done, total }) => seen.push(`${task.name} ${done}/${total}`),
    });
    expect(calls).toEqual([40, 40, 40]);
    expect(seen).toEqual(["a 1/2", "b 2/2"]);
    expect(evaluation.pathCount).toBe(3);
    expect(evaluation.tasks.map(({ concepts, candidates, chance }) => [concepts, candidates, chance.toFixed(12)])).toEqual([
      ["seen", 40, "0.025000000000"],
      ["unseen", 40, "0.025000000000"],
    ]);
    for (const { hits } of evaluation.tasks) expect(precisionAtOne(hits.all)).toBe(1);
    expect(evaluation.diversity?.verdict).toBe("distinct");
  });
  test("stops when it is told to", async () => {
    const stop = new AbortController();
    const run = evaluateModel([taskOf("a", "seen"), taskOf("b", "seen")], counting().embed, {
      signal: stop.signal,
      onTask: () => stop.abort(),
    });
    await expect(run).rejects.toMatchObject({ code: "aborted", details: { task: "b" } });
  });
  test("of no tasks is empty", async () => {
    expect(await evaluateModel([], counting().embed)).toEqual({ pathCount: 1, tasks: [], diversity: null });
  });
});

test("evaluateEnsemble scores by the sum of its members", async () => {
  const task = { ...taskOf("a", "seen"), rows: madeUpTask({ queries: 40, pool: 40, candidateCount: 5 }, 2).rows };
  const other = madeUpEmbeddings({ count: 40, pathCount: 1, dimensions: 5 }, 7);
  const members = [counting().embed, async (rows: readonly number[]) => takeRows(other, rows)];
  const { pathCount, tasks, diversity } = await evaluateEnsemble([task], members);
  expect([pathCount, tasks[0]?.hits.paths.length, diversity]).toEqual([2, 2, null]);
  const embeddings = [inputs, other].map((set) => ({ queries: takeRows(set, pool), candidates: takeRows(set, pool) }));
  expect(tasks[0]?.hits).toEqual(scoreEnsemble(task, embeddings));
});

test("the benchmark's tasks can be evaluated", () => {
  expectTypeOf<EvaluationTask>().toExtend<EvaluableTask<EmbeddingInput>>();
});

describe("an evaluation record", () => {
  test("comes back as it was, through JSON", async () => {
    const task = { ...taskOf("a", "seen"), rows: madeUpTask({ queries: 40, pool: 40, candidateCount: 5 }, 2).rows };
    const evaluation = await evaluateModel([task], counting().embed);
    const json: unknown = JSON.parse(JSON.stringify(toEvaluationRecord(evaluation)));
    expect(parseEvaluationRecord(json, "evaluation.json")).toEqual(evaluation);
  });
  test("names the file and field when it is damaged", async () => {
    const record = toEvaluationRecord(await evaluateModel([taskOf("a", "seen")], counting().embed));
    const damaged = { ...record, tasks: record.tasks.map((task) => Object.assign({}, task, { concepts: "both" })) };
    expect(() => parseEvaluationRecord(damaged, "runs/x/evaluation.json")).toThrow(/runs\/x\/evaluation\.json.*concepts/s);
  });
});

test("joinSets puts rows one after the other and takeRows picks them out again", () => {
  const first = takeRows(inputs, [0, 1]);
  const second = takeRows(inputs, [5]);
  expect(takeRows(joinSets([first, second]), [2, 0])).toEqual(takeRows(inputs, [5, 0]));
  const narrower = madeUpEmbeddings({ count: 1, pathCount: 3, dimensions: 4 }, 1);
  expect(() => joinSets([first, narrower])).toThrow(/\[3, 4\] and \[3, 8\]/);
});
