import { join } from "node:path";
import { writeEvalRows, type EvalColumns } from "../../../data/mmeb/write-eval-rows.ts";
import { DataError } from "../../../errors/families.ts";
import { ImageFiles } from "../../../data/image-store/image-files.ts";
import type { EmbeddingInput } from "../../../inputs/embedding-input.ts";
import type { EvaluableTask } from "../../ranking-task.ts";

/** The folders that were written. */
export interface WrittenTasks {
  readonly data: string;
  readonly images: string;
  /** Which dataset a task became, by the task's name. */
  readonly datasets: Readonly<Record<string, string>>;
}

/**
 * Writes tasks in MMEB's evaluation layout with instructions in columns of their own: `data/<dataset>/test-00000-of-00001.parquet` and `images/`.
 * The right candidate of each row comes first, as the layout wants it.
 * @param nameOf the MMEB dataset whose place a task takes.
 * @throws {DataError} if a row's candidates have different instructions, or an image is not decoded. @throws {FileError}
 */
export async function writeTasksAsMmeb(
  folder: string,
  tasks: readonly EvaluableTask<EmbeddingInput>[],
  nameOf: (task: EvaluableTask<EmbeddingInput>) => string,
): Promise<WrittenTasks> {
  const images = new ImageFiles(join(folder, "images"));
  const datasets: Record<string, string> = {};
  for (const task of tasks) {
    const name = nameOf(task);
    datasets[task.name] = name;
    const rows: EvalColumns[] = [];
    for (const row of task.rows) rows.push(await toColumns(task, row, images));
    await writeEvalRows(join(folder, "data", name, "test-00000-of-00001.parquet"), rows);
  }
  return { data: join(folder, "data"), images: join(folder, "images"), datasets };
}

async function toColumns(
  task: EvaluableTask<EmbeddingInput>,
  row: EvaluableTask<EmbeddingInput>["rows"][number],
  images: ImageFiles,
): Promise<EvalColumns> {
  const query = task.queries[row.query] ?? {};
  const places = Array.from(row.candidates);
  const [right] = places.splice(row.positive, 1);
  const candidates = [right ?? 0, ...places].map((place) => task.candidates[place] ?? {});
  const instructions = new Set(candidates.map(({ instruction }) => instruction ?? ""));
  if (instructions.size > 1) {
    const message = `task ${task.name}: the candidates of a row have different instructions, MMEB's layout has one for all`;
    throw new DataError({ message, details: { task: task.name } });
  }
  const folder = task.name.replace("/", "-");
  const paths: string[] = [];
  for (const candidate of candidates) paths.push(await images.pathOf(candidate, folder));
  return {
    qry_inst: query.instruction ?? "",
    qry_text: query.text ?? "",
    qry_img_path: await images.pathOf(query, folder),
    tgt_inst: [...instructions][0] ?? "",
    tgt_text: candidates.map(({ text }) => text ?? ""),
    tgt_img_path: paths,
  };
}
