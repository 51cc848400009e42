#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { COMMANDS } from "./commands.ts";
import { runCli } from "./run-cli.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

// A reader that goes away (`| head`) is no error here: what still writes learns of it from its Output.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

process.exitCode = await runCli(process.argv.slice(2), { commands: COMMANDS, version, process });
