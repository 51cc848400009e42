/** A model on the hub, or a dataset, at a revision. */
export interface HubId {
  /** A model, if not given. */
  readonly kind?: "dataset";
  /** `Qwen/Qwen2-VL-2B-Instruct` */
  readonly name: string;
  /** A branch, a tag or a commit; `main` if none is named. */
  readonly revision: string;
}

const HUB_ID = /^(?<name>[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@(?<revision>[A-Za-z0-9][\w./-]*))?$/;
const DEFAULT_REVISION = "main";

/** Reads `org/name` or `org/name@revision`; undefined if it is something else, such as a path. */
export function parseHubId(text: string): HubId | undefined {
  const { name, revision = DEFAULT_REVISION } = HUB_ID.exec(text)?.groups ?? {};
  if (name === undefined || /\.\.|--/.test(text) || /\.(json|safetensors|git)$/.test(name)) return undefined;
  return { name, revision };
}

/** As {@link parseHubId} reads it. */
export function describeHubId({ name, revision }: HubId): string {
  return revision === DEFAULT_REVISION ? name : `${name}@${revision}`;
}

/** What an id names, in a word. */
export function kindOf({ kind }: Pick<HubId, "kind">): "model" | "dataset" {
  return kind ?? "model";
}

/** A commit's full name, which never changes what it means. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}
