import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import type { Repository } from "./repository.ts";

/** Every relative link in a Markdown file leads to a file that is there and, with `#`, to a heading of it. */
export function checkLinks(repository: Repository): string[] {
  return repository.files
    .filter((file) => file.endsWith(".md"))
    .flatMap((file) =>
      linksOf(repository.read(file)).flatMap(({ target, line }) =>
        linkProblem(repository, file, target).map((problem) => `${file}:${line} ${problem}`),
      ),
    );
}

interface Link {
  readonly target: string;
  readonly line: number;
}

/** Targets of inline links and images, reference definitions, and `src` or `href` in HTML; code is left out. */
export function linksOf(markdown: string): Link[] {
  const links: Link[] = [];
  let fenced = false;
  for (const [index, text] of markdown.split("\n").entries()) {
    if (/^\s*(```|~~~)/.test(text)) fenced = !fenced;
    if (fenced) continue;
    const plain = text.replaceAll(/`[^`]*`/g, "``");
    for (const pattern of [/\]\(\s*<?([^\s)>]+)/g, /^\s*\[[^\]]+\]:\s+(\S+)/g, /\b(?:src|href)="([^"]+)"/g]) {
      for (const [, target = ""] of plain.matchAll(pattern)) links.push({ target, line: index + 1 });
    }
  }
  return links;
}

function linkProblem(repository: Repository, file: string, target: string): string[] {
  if (/^[a-z][\w+.-]*:/i.test(target) || target.startsWith("//")) return [];
  const [path = "", anchor] = decodeURI(target).split("#");
  if (path.startsWith("/")) return [`links to ${target}, from the root: write it relative`];
  const linked = path === "" ? file : posix.join(posix.dirname(file), path);
  if (linked.startsWith("../") || !existsSync(join(repository.root, linked))) return [`links to ${target}, which is not there`];
  if (anchor === undefined || !linked.endsWith(".md")) return [];
  return anchorsOf(repository.read(linked)).has(anchor) ? [] : [`links to ${target}: no heading has that name`];
}

/** Names of the headings as GitHub makes them: lower case, punctuation dropped, spaces as hyphens, repeats numbered. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of markdown.replaceAll(/^\s*```[\s\S]*?^\s*```/gm, "").matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replaceAll(/\]\([^)]*\)/g, "]").replaceAll("`", "");
    const anchor = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    let unique = anchor;
    for (let repeat = 1; anchors.has(unique); repeat++) unique = `${anchor}-${repeat}`;
    anchors.add(unique);
  }
  return anchors;
}
