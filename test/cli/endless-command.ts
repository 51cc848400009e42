import { setTimeout as sleep } from "node:timers/promises";
import { defineCommand } from "../../src/cli/command-module.ts";
import { runCli } from "../../src/cli/run-cli.ts";

const count = defineCommand({
  configure: (command) => command.option("--slowly", "wait between lines"),
  async run({ slowly }, { out, signal }) {
    for (let line = 1; !signal.aborted; line++) {
      await out.line(`line ${line} ${"x".repeat(1000)}`);
      if (slowly === true) await sleep(10);
    }
    signal.throwIfAborted();
  },
});

/** A command line whose one command, `count`, writes lines until it is stopped. */
process.exitCode = await runCli(process.argv.slice(2), {
  commands: [{ name: "count", summary: "writes lines for ever", load: async () => count }],
  version: "0",
  process,
});
