import { defineCommand, type CommandModule } from "../command-module.ts";
import { oneOfDtypes } from "../option-values.ts";
import { showDownload } from "../terminal/show-download.ts";
import type { ProgressTask } from "../terminal/progress.ts";
import { UsageError } from "../usage-error.ts";

/** `polyvec export <model> --out <folder>`: writes a model in another dtype, base and paths together, and as ONNX files. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("<model>", "model folder, a model that ships, or one of the hub (org/name[@revision])")
      .option("--out <folder>", "the folder to write")
      .option(
        "--dtype <type>",
        "of the backbone's weights: float32 (f32), float16 (f16), int8 or int4",
        oneOfDtypes("float32", "float16", "int8", "int4"),
        "int8" as const,
      )
      .option("--merge", "add the adapter's updates to the weights")
      .option("--onnx", "also write embed-text.onnx and embed-images.onnx, for other languages"),
  async run({ out: folder, dtype, merge = false, onnx = false }, context, [name]) {
    const { progress, out, json, signal } = context;
    if (folder === undefined) throw new UsageError({ message: "name the folder to write with --out" });
    const { findModel } = await import("../../embed/load-model.ts");
    const { openModelFolder } = await import("../../model/folder/open-model-folder.ts");
    const { exportModelFolder } = await import("../../model/folder/export-model-folder.ts");
    const download = showDownload(context);
    await using model = await openModelFolder(await findModel(name, download), download);
    let task: ProgressTask | undefined;
    const onProgress = (done: number, total: number): void => {
      task ??= progress.task({ label: "export", total, unit: "weights", itemUnit: "weights" });
      task.update({ done });
    };
    await exportModelFolder(model, folder, { dtype, merge, onnx, signal, onProgress });
    task?.finish();
    await using exported = await openModelFolder(folder);
    const bytes = [...exported.weights.shapes.keys()].reduce((sum, weight) => sum + exported.weights.storedBytes(weight), 0);
    if (json) await out.json({ model: folder, dtype, merge, onnx, bytes });
    else await out.line(`${folder}: ${(bytes / 1e6).toFixed(1)} MB of weights, ${dtype}`);
  },
});
