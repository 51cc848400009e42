import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { chosenTask, NUMBERED, type Choices } from "../../../test/fixtures/eval/chosen-task.ts";
import { renderPage } from "../report/page.ts";
import { scoreTask } from "../scoring.ts";
import { CaseCollector } from "./case-collector.ts";
import { withPictures } from "./case-pictures.ts";
import { casesSection } from "./cases-section.ts";
import type { ItemDescriber } from "./describe-case.ts";
import { caseGallerySchema, withoutPictures, type TaskCases } from "./query-case.ts";

function casesOf(queries: readonly Choices[], items: ItemDescriber = NUMBERED): TaskCases {
  const task = chosenTask("made up", queries);
  const collector = new CaseCollector<typeof task>(() => items);
  const watcher = collector.watch(task, task.embeddings);
  scoreTask(task, task.embeddings, { onRow: (row, scores) => watcher.onRow(row, scores) });
  watcher.finish?.();
  return collector.tasks[0] as TaskCases;
}

describe("picked are", () => {
  // by paths 0, 1, 2 and the aggregate; 0 is right
  const queries = [
    [0, 0, 0, 0],
    [1, 1, 1, 1],
    [0, 1, 2, 0],
    [1, 2, 3, 0],
    [0, 0, 1, 0],
    [2, 2, 2, 2],
    [3, 3, 3, 3],
    [1, 1, 1, 1],
  ];
  const { cases } = casesOf(queries);

  test("the surest misses, the earlier of equal ones, then the greatest disagreements", () => {
    expect(cases.map(({ why, row }) => [why, row])).toEqual([
      ["confident miss", 1],
      ["confident miss", 5],
      ["confident miss", 6],
      ["paths disagree", 2],
      ["paths disagree", 3],
    ]);
    expect(casesOf(queries).cases).toEqual(cases);
  });

  test("with the right candidate first, then what any view puts in front, and its scores in all views", () => {
    const [, , , disagreement] = cases;
    expect(disagreement?.candidates.map(({ item, right }) => [item.name, right])).toEqual([
      ["candidate 0", true],
      ["candidate 1", false],
      ["candidate 2", false],
    ]);
    expect(disagreement?.views).toEqual(["aggregate", "path 0", "path 1", "path 2", "all", "maxSim"]);
    expect(disagreement?.candidates.map(({ scores }) => scores.slice(0, 4))).toEqual([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]); // prettier-ignore
    expect(disagreement?.ranks.slice(0, 4)).toEqual([1, 1, 4, 4]);
    expect(cases[0]?.margin).toBe(1);
  });

  test("none where everything is answered alike", () => {
    expect(casesOf([[0, 0, 0]]).cases).toEqual([]);
    expect(casesSection({ tasks: [casesOf([[0, 0, 0]])], pictures: {}, leftOut: 0, unreadable: 0 }, 2)).toBeUndefined();
    expect(casesSection(null, 2)).toBeUndefined();
  });
});

const HOSTILE = `"><script>alert(1)</script><img src=x onerror=y>`;

const PICTURED: ItemDescriber = {
  query: (place) => ({ name: HOSTILE, text: HOSTILE, instruction: HOSTILE, image: `${HOSTILE}${place}.png` }),
  candidate: (place) => ({ name: null, text: `${HOSTILE} ${place}`, instruction: null, image: `candidate-${place}.png` }),
};

test("whatever a text or a path holds stays text, and long ones are cut", async () => {
  const long: ItemDescriber = { ...PICTURED, candidate: () => ({ name: null, text: "<b>".repeat(1000), instruction: null, image: "a" }) };
  const gallery = await withPictures([casesOf([[1, 1, 1]], PICTURED), { ...casesOf([[1, 1, 1]], long), task: HOSTILE }], () => undefined);
  const section = casesSection(gallery, 2);
  const page = renderPage({ title: "t", createdAt: "2026-01-01", notice: null }, section === undefined ? [] : [section]);
  expect(page).not.toMatch(/<script|<img|<b>{2}/);
  expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(gallery.tasks[1]?.cases[0]?.candidates[0]?.item.text).toHaveLength(400);
  expect(gallery.unreadable).toBe(5);
  expect(page).toContain("5 pictures could not be read");
});

describe("pictures", () => {
  const noise = (seed: number) => ({ width: 200, height: 100, data: Uint8Array.from({ length: 60_000 }, (_, at) => (at * at * 31 + seed * 77) % 256) }); // prettier-ignore
  const tasks = [{ ...casesOf([[1, 1, 1], [2, 2, 2]], PICTURED), task: "first" }, { ...casesOf([[3, 3, 3]], PICTURED), task: "second" }]; // prettier-ignore
  const open = (image: string) => (image.includes("candidate-3") ? new Uint8Array([1, 2, 3]) : noise(image.length));

  test("are small, and those that cannot be read are counted", async () => {
    const gallery = await withPictures(tasks, open);
    expect(Object.keys(gallery.pictures)).toHaveLength(5);
    expect([gallery.leftOut, gallery.unreadable]).toEqual([0, 1]);
    expect(caseGallerySchema.parse(JSON.parse(JSON.stringify(gallery)))).toEqual(gallery);
    const [uri = ""] = Object.values(gallery.pictures);
    const { width, height, format } = await sharp(Buffer.from(uri.split(",")[1] ?? "", "base64")).metadata();
    expect([width, height, format]).toEqual([112, 56, "webp"]);
    expect(withoutPictures(gallery).pictures).toEqual({});
    expect(withoutPictures(null)).toBeNull();
  });

  test("are left out from the last cases on when they would be too much, which is said", async () => {
    const whole = await withPictures(tasks, open);
    const longest = Math.max(...Object.values(whole.pictures).map(({ length }) => length));
    const few = await withPictures(tasks, open, 2.5 * longest);
    expect(few.leftOut).toBeGreaterThan(0);
    expect(Object.keys(few.pictures).length + few.leftOut).toBe(5);
    expect(Object.keys(few.pictures)[0]).toBe(tasks[0]?.cases[0]?.query.image);
    expect(casesSection(few, 2)?.body.markup).toContain(`${few.leftOut} pictures are left out to keep this page small`);
  });
});
