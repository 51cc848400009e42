import { META_TASKS, type MetaTask, type MmebDataset } from "../../data/mmeb/datasets.ts";

/** What means are taken over: the meta-tasks, in and out of distribution, and all datasets. */
export const MMEB_GROUPS: readonly MmebGroup[] = [...META_TASKS, "IND", "OOD", "all"];
/** A group of datasets. */
export type MmebGroup = MetaTask | "IND" | "OOD" | "all";

/** Whether a dataset belongs to a group. */
export function isInGroup({ metaTask, distribution }: Pick<MmebDataset, "metaTask" | "distribution">, group: MmebGroup): boolean {
  return group === "all" || group === metaTask || group === distribution;
}

/** A value for every group. */
export function byGroup<Value>(valueOf: (group: MmebGroup) => Value): Readonly<Record<MmebGroup, Value>> {
  return Object.fromEntries(MMEB_GROUPS.map((group) => [group, valueOf(group)])) as Record<MmebGroup, Value>;
}
