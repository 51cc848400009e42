import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RunWatcher } from "../runs/run-watcher.ts";
import { parsePositions, streamOf, type StreamEvent } from "./event-stream.ts";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "polyvec-stream-"))));
afterAll(() => rm(root, { recursive: true, force: true }));

const lines = (...steps: readonly number[]): string => steps.map((step) => `{"type":"step","step":${step}}\n`).join("");

/** Reads events until one has a name. */
async function until(stream: AsyncGenerator<StreamEvent>, name: string): Promise<[string, unknown][]> {
  const events: [string, unknown][] = [];
  for (;;) {
    const result = await stream.next();
    if (result.done === true) return events;
    const { event, data } = result.value;
    events.push([event, JSON.parse(data)]);
    if (event === name) return events;
  }
}

function openStream(folders: readonly string[], have?: Parameters<typeof streamOf>[1]["have"]) {
  const watcher = new RunWatcher({ folders, interval: 10 });
  const end = new AbortController();
  const stream = streamOf(watcher, { server: "s", signal: end.signal, beatEvery: 5000, ...(have && { have }) });
  return { watcher, stream, end };
}

test("a page is told all there is, then what comes, what is taken back, and the end", async () => {
  const folder = join(root, "runs", "a");
  const { watcher, stream } = openStream([join(root, "runs")]);
  expect(await until(stream, "ready")).toEqual([
    ["hello", { server: "s", folders: [join(root, "runs")], now: expect.any(Number) as unknown }],
    ["ready", { now: expect.any(Number) as unknown, runs: 0 }],
  ]);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "metrics.jsonl"), lines(1, 2, 3));
  const first = await until(stream, "rows");
  expect(first[0]).toEqual(["run", expect.objectContaining({ run: 0, name: "a", state: "stopped" })]);
  expect(first[1]).toMatchObject(["rows", { run: 0, generation: 0, from: 0, rows: [{ step: 1 }, { step: 2 }, { step: 3 }] }]);
  await appendFile(join(folder, "metrics.jsonl"), lines(4));
  expect((await until(stream, "rows")).at(-1)).toMatchObject(["rows", { generation: 0, from: 3, rows: [{ step: 4 }] }]);
  await writeFile(join(folder, "new"), `${lines(1, 2)}{"type":"step","step":3,"loss":1}\n`);
  await rename(join(folder, "new"), join(folder, "metrics.jsonl"));
  expect((await until(stream, "rows")).at(-1)).toMatchObject(["rows", { generation: 1, from: 2, rows: [{ step: 3, loss: 1 }] }]);
  await writeFile(join(folder, "new"), lines(1));
  await rename(join(folder, "new"), join(folder, "metrics.jsonl"));
  expect((await until(stream, "rows")).at(-1)).toMatchObject(["rows", { generation: 2, from: 1, rows: [] }]);
  await appendFile(join(folder, "metrics.jsonl"), lines(2));
  await watcher.end();
  const last = await until(stream, "bye");
  expect(last.filter(([name]) => name === "rows")).toMatchObject([["rows", { from: 1, rows: [{ step: 2 }] }]]);
  expect((await stream.next()).done).toBe(true);
});

test("a page that comes back is told what it does not have", async () => {
  const folder = join(root, "back");
  await mkdir(folder);
  await writeFile(join(folder, "metrics.jsonl"), lines(1, 2, 3));
  const rowsFor = async (have: Parameters<typeof openStream>[1]): Promise<unknown> => {
    const { stream, end } = openStream([folder], have);
    const rows = (await until(stream, "ready")).filter(([name]) => name === "rows").map(([, message]) => message);
    end.abort();
    return rows;
  };
  expect(await rowsFor([{ generation: 0, count: 3 }])).toEqual([]);
  expect(await rowsFor([{ generation: 0, count: 1 }])).toMatchObject([{ from: 1, rows: [{ step: 2 }, { step: 3 }] }]);
  expect(await rowsFor([{ generation: 0, count: 9 }])).toMatchObject([{ from: 3, rows: [] }]);
  expect(await rowsFor(undefined)).toMatchObject([{ from: 0, rows: [{}, {}, {}] }]);
});

test("a long run comes in pieces, an empty one as nothing", async () => {
  for (const [name, content] of [
    ["long", lines(...Array(2500).keys())],
    ["empty", ""],
  ] as const) {
    await mkdir(join(root, name));
    await writeFile(join(root, name, "metrics.jsonl"), content);
  }
  const { stream } = openStream([join(root, "long"), join(root, "empty")]);
  const rows = (await until(stream, "ready")).flatMap(([name, data]) =>
    name === "rows" ? [data as { run: number; from: number; rows: [] }] : [],
  );
  expect(rows.map((one) => [one.run, one.from, one.rows.length])).toEqual([[0, 0, 1000], [0, 1000, 1000], [0, 2000, 500], [1, 0, 0]]); // prettier-ignore
  await stream.return(undefined);
});

test("nothing that happens is told by a beat", async () => {
  const watcher = new RunWatcher({ folders: [join(root, "nowhere")], interval: 10 });
  const end = new AbortController();
  const stream = streamOf(watcher, { server: "s", signal: end.signal, beatEvery: 30 });
  expect((await until(stream, "beat")).map(([name]) => name)).toEqual(["hello", "ready", "beat"]);
  end.abort();
  await until(stream, "never");
});

test.each([
  ["s:0.5,2.7", [{ generation: 0, count: 5 }, { generation: 2, count: 7 }]], // prettier-ignore
  ["s:", []],
  ["other:0.5", []],
  ["s:0.5,x", []],
  ["s:0.5,7", []],
  ["s:99999999999999999999.1", []],
  [undefined, []],
] as const)("a page that says it has %j", (text, positions) => expect(parsePositions(text, "s")).toEqual(positions));
