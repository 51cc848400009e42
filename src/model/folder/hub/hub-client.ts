import type { RepoDesignation } from "@huggingface/hub";
import { z } from "zod";
import { hubError } from "./hub-problems.ts";
import type { HubId } from "./hub-id.ts";
import type { HubSettings } from "./hub-settings.ts";
import type { FetchedBlob } from "./fetch-blob.ts";

/** A file of a model or dataset on the hub. */
export interface RemoteFile {
  readonly path: string;
  /** Bytes */
  readonly size: number;
  /** Of its content; its value is the name of the file's blob in the cache. */
  readonly digest: FetchedBlob["digest"];
}

const infoSchema = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) });
const fileSchema = z.object({
  path: z.string().regex(/^[^/\\]+(\/[^/\\]+)*$/),
  size: z.int().nonnegative(),
  oid: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ oid: z.string().regex(/^(sha256:)?[0-9a-f]{64}$/), size: z.int().nonnegative() }).nullish(),
});

/** Asks the hub about one model or dataset at one commit, through `@huggingface/hub`. */
export class HubClient {
  readonly commit: string;
  readonly #hub: typeof import("@huggingface/hub");
  readonly #id: HubId;
  readonly #settings: HubSettings;
  readonly #fetch: typeof fetch;

  private constructor(commit: string, parts: Pick<ClientParts, "hub" | "id" | "settings" | "fetch">) {
    this.commit = commit;
    this.#hub = parts.hub;
    this.#id = parts.id;
    this.#settings = parts.settings;
    this.#fetch = parts.fetch;
  }

  /** Finds the commit that a revision is now. What is thrown by the library is for `toHubError`. */
  static async open(id: HubId, settings: HubSettings, signal: AbortSignal | undefined): Promise<HubClient> {
    const hub = await import("@huggingface/hub"); // only where something has to be fetched: it takes a while to load
    const own = authorisedFetch(settings, signal);
    const { name, revision } = id;
    const asked = { name, revision, hubUrl: settings.endpoint, fetch: own };
    const info: unknown = await (id.kind === "dataset"
      ? hub.datasetInfo({ ...asked, additionalFields: ["sha"] })
      : hub.modelInfo({ ...asked, additionalFields: ["sha"] }));
    const parsed = infoSchema.safeParse(info);
    if (!parsed.success) throw hubError(id, settings, { reason: "answer", what: "its answer names no commit; check HF_ENDPOINT" });
    return new HubClient(parsed.data.sha, { hub, id, settings, fetch: own });
  }

  /** The files of the repository: those at its top, or those in its folders too. */
  async list({ recursive = false }: { readonly recursive?: boolean } = {}): Promise<RemoteFile[]> {
    const files: RemoteFile[] = [];
    for await (const entry of this.#hub.listFiles({ ...this.#asked(), recursive })) {
      const parsed = entry.type === "file" ? fileSchema.safeParse(entry) : undefined;
      if (parsed?.success !== true || parsed.data.path.split("/").some((part) => part === ".." || part === ".")) continue;
      const { path, size, oid, lfs } = parsed.data;
      const value = lfs?.oid.replace(/^sha256:/, "");
      files.push({
        path,
        size: lfs?.size ?? size,
        digest: value === undefined ? { algorithm: "git-sha1", value: oid } : { algorithm: "sha256", value },
      });
    }
    return files;
  }

  /** The bytes of a file from a place on: over HTTP, which can be gone on with anywhere, not by the chunks of Xet. */
  async read(path: string, start: number): Promise<AsyncIterable<Uint8Array>> {
    const blob = await this.#hub.downloadFile({ ...this.#asked(), path, xet: false });
    if (blob === null) throw hubError(this.#id, this.#settings, { reason: "not-found", what: `its file ${path} is gone; run it again` });
    return (start === 0 ? blob : blob.slice(start)).stream();
  }

  #asked(): { readonly repo: RepoDesignation; readonly revision: string; readonly hubUrl: string; readonly fetch: typeof fetch } {
    const { name, kind } = this.#id;
    const repo = kind === undefined ? name : { type: kind, name };
    return { repo, revision: this.commit, hubUrl: this.#settings.endpoint, fetch: this.#fetch };
  }
}

interface ClientParts {
  readonly hub: typeof import("@huggingface/hub");
  readonly id: HubId;
  readonly settings: HubSettings;
  readonly fetch: typeof fetch;
}

/** `fetch` that can be stopped and that shows the token to the hub alone, not to where it sends us for large files. */
function authorisedFetch({ endpoint, token }: HubSettings, signal: AbortSignal | undefined): typeof fetch {
  return (input, init = {}) => {
    const headers = new Headers(init.headers);
    const url = new URL(input instanceof Request ? input.url : input);
    if (token !== undefined && url.origin === new URL(endpoint).origin) headers.set("Authorization", `Bearer ${token}`);
    return fetch(input, { ...init, headers, ...(signal === undefined ? {} : { signal }) });
  };
}
