import { once } from "node:events";
import { defineCommand, type CommandModule } from "../command-module.ts";
import { portNumber } from "../option-values.ts";
import { DEFAULT_PORT } from "../training/default-port.ts";

/** `polyvec dashboard <folders...>`: a live page of runs that go on elsewhere, or have ended. */
export const command: CommandModule = defineCommand({
  configure: (command) =>
    command
      .argument("<folders...>", "run folders, or folders that runs are in; they need not be there yet")
      .option("--port <number>", "where the page is; 0: any free one", portNumber, DEFAULT_PORT)
      .option("--host <address>", "who can open the page: 127.0.0.1 this machine alone, 0.0.0.0 whoever reaches it", "127.0.0.1"),
  async run({ port, host }, { signal, out, json, progress }, [folders]) {
    const { serveDashboard } = await import("../../dashboard/serve-dashboard.ts");
    await using dashboard = await serveDashboard({ folders, port, host });
    await (json ? out.json({ type: "dashboard", url: dashboard.url }) : out.line(`the page is at ${dashboard.url}; Ctrl-C ends it`));
    if (!LOOPBACK.has(host)) progress.note(`whoever reaches this machine as ${host} can read the page: it asks for no password`);
    if (!signal.aborted) await once(signal, "abort");
  },
});

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);
