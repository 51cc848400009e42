import type { Repository } from "./repository.ts";

/** The lock file names no registry, so that any registry can serve it, and pins every package by its hash. */
export function checkLockFile(repository: Repository): string[] {
  const { packages } = JSON.parse(repository.read("package-lock.json")) as { packages: Record<string, LockedPackage> };
  return Object.entries(packages).flatMap(([name, locked]) => {
    if (!name.includes("node_modules/") || locked.link === true || locked.inBundle === true) return [];
    if (locked.resolved?.includes("://") === true) return [`package-lock.json: ${name} names where it was fetched from (resolved)`];
    return locked.integrity === undefined ? [`package-lock.json: ${name} has no integrity hash`] : [];
  });
}

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
}
