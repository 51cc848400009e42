import { formatTable, type TableColumn } from "../terminal/table.ts";
import type { Hit } from "./find-hits.ts";

/** Hits as a table for people; columns that no hit has are left out. */
export function printHits(hits: readonly Hit[]): string {
  const [first] = hits;
  if (first === undefined) return "nothing was found";
  const columns: (TableColumn & { readonly cell: (hit: Hit, place: number) => string | number })[] = [
    { title: "", align: "right", cell: (_, place) => place + 1 },
    { title: "score", align: "right", cell: ({ score }) => score.toFixed(3) },
  ];
  if (first.vendor === undefined) columns.push({ title: "file", cell: ({ files = [] }) => describeFiles(files) });
  else {
    columns.push({ title: "name", cell: ({ name, character }) => (character === undefined ? name : `${character} ${name}`) });
    columns.push({ title: "vendor", cell: ({ vendor = "" }) => vendor });
  }
  if (first.ranks !== undefined) {
    columns.push({ title: "aggregate", align: "right", cell: ({ ranks }) => ranks?.aggregate ?? "" });
    first.ranks.paths.forEach((_, path) =>
      columns.push({ title: `path ${path}`, align: "right", cell: ({ ranks }) => ranks?.paths[path] ?? "" }),
    );
  }
  return formatTable(columns, hits.map((hit, place) => columns.map(({ cell }) => cell(hit, place)))); // prettier-ignore
}

function describeFiles([first = "", ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} (and ${others.length} more with the same content)`;
}
