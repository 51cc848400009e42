import { homedir } from "node:os";
import { join } from "node:path";

/** Which hub is asked and where its files are kept. */
export interface HubSettings {
  /** Address without a slash at the end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** The folder of the cache, in the layout of Python's huggingface_hub. */
  readonly cache: string;
  readonly offline: boolean;
}

/**
 * The settings that Python's huggingface_hub has, from the same variables: `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_CACHE`, `HF_HOME`,
 * `XDG_CACHE_HOME`, `HF_HUB_OFFLINE`.
 */
export function readHubSettings(environment: Readonly<Record<string, string | undefined>> = process.env): HubSettings {
  const value = (name: string): string | undefined => {
    const text = environment[name]?.trim();
    return text === "" ? undefined : text;
  };
  const home = value("HF_HOME") ?? join(value("XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "huggingface");
  return {
    endpoint: (value("HF_ENDPOINT") ?? "https://huggingface.co").replace(/\/+$/, ""),
    token: value("HF_TOKEN"),
    cache: atHome(value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") ?? join(home, "hub")),
    offline: /^(1|on|yes|true)$/i.test(value("HF_HUB_OFFLINE") ?? ""),
  };
}

function atHome(path: string): string {
  return /^~[/\\]/.test(path) ? join(homedir(), path.slice(2)) : path;
}
