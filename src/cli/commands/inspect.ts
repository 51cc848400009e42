import { defineCommand, type CommandModule } from "../command-module.ts";
import { showDownload } from "../terminal/show-download.ts";

/** `polyvec inspect [model]`: what a model folder or a file of weights holds. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command.argument(
      "[model]",
      "model folder, a model that ships, one of the hub (org/name[@revision]), or a .safetensors file; default emoji-mini",
    ),
  async run(_options, context, [model]) {
    const { out, json } = context;
    const print = await import("../inspection/print-model.ts");
    if (model !== undefined && /\.safetensors(\.index\.json)?$/.test(model)) {
      const { openSafetensors } = await import("../../model/formats/safetensors.ts");
      const { describeWeights } = await import("../inspection/describe-weights.ts");
      await using weights = await openSafetensors(model);
      const description = describeWeights(weights);
      return await (json ? out.json(description) : out.line(print.printWeights(description)));
    }
    const { findModel } = await import("../../embed/load-model.ts");
    const { openModelFolder } = await import("../../model/folder/open-model-folder.ts");
    const { describeModel } = await import("../inspection/describe-model.ts");
    const download = showDownload(context);
    await using folder = await openModelFolder(await findModel(model, download), download);
    const description = await describeModel(folder);
    return await (json ? out.json(description) : out.line(print.printModel(description)));
  },
});
