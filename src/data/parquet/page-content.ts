import type { PageHeader } from "hyparquet";
import { decompressPage } from "hyparquet/src/datapage.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import type { readPage } from "hyparquet/src/column.js";
import { CODECS } from "./codecs.ts";
import { PageProblem } from "./problems.ts";
import { runsProblem, type RunStretch } from "./runs.ts";

type Decoder = Parameters<typeof readPage>[2];

/** A page of data as its decoder takes it: nothing is compressed any more. */
export interface PageContent {
  readonly header: PageHeader;
  readonly bytes: Uint8Array;
}

/**
 * Decompresses a page of data and checks the counts in it, which its decoder believes: in a damaged file without checksums they may tell of billions of values.
 * @throws {PageProblem} if levels or runs cannot be right. @throws whatever the codec does with damaged bytes.
 */
export function openPage({ header, bytes }: PageContent, { codec, schemaPath, type }: Decoder): PageContent {
  const limits = {
    repetition: getMaxRepetitionLevel(schemaPath),
    definition: getMaxDefinitionLevel(schemaPath),
    isBoolean: type === "BOOLEAN",
  };
  const { data_page_header: first, data_page_header_v2: second } = header;
  if (header.type === "DATA_PAGE" && first !== undefined) {
    const page = decompressPage(bytes, header.uncompressed_page_size, codec, CODECS);
    checkFirst(page, { ...limits, values: first.num_values, encoding: first.encoding });
    return { header: { ...header, compressed_page_size: page.length }, bytes: page };
  }
  if (header.type !== "DATA_PAGE_V2" || second === undefined) return { header, bytes };
  const { repetition_levels_byte_length: repetition, definition_levels_byte_length: definition } = second;
  const levels = repetition + definition;
  if (!(repetition >= 0 && definition >= 0 && levels <= bytes.length && second.num_nulls <= second.num_values)) {
    throw new PageProblem(`it tells of ${levels} bytes of levels, or of ${second.num_nulls} nulls among ${second.num_values} values`);
  }
  const values =
    second.is_compressed === false
      ? bytes.subarray(levels)
      : decompressPage(bytes.subarray(levels), header.uncompressed_page_size - levels, codec, CODECS);
  const page = new Uint8Array(levels + values.length);
  page.set(bytes.subarray(0, levels));
  page.set(values, levels);
  checkSecond(page, {
    ...limits,
    values: second.num_values,
    encoding: second.encoding,
    present: second.num_values - second.num_nulls,
    lengths: [repetition, definition],
  });
  const size = { compressed_page_size: page.length, uncompressed_page_size: page.length };
  return { header: { ...header, ...size, data_page_header_v2: { ...second, is_compressed: false } }, bytes: page };
}

interface Limits {
  /** The highest levels that the schema allows. */
  readonly repetition: number;
  readonly definition: number;
  readonly isBoolean: boolean;
  /** Values of the page, nulls and empty lists among them. */
  readonly values: number;
  readonly encoding: string | undefined;
}

/** Levels stand before the values, their lengths before them. */
function checkFirst(page: Uint8Array, limits: Limits): void {
  let [at, present] = [0, limits.values];
  for (const [name, highest] of [
    ["repetition", limits.repetition],
    ["definition", limits.definition],
  ] as const) {
    if (highest === 0) continue;
    const end = endOfRuns(page, at);
    const atHighest = checkLevels(name, highest, { bytes: page, begin: at + 4, end, count: limits.values });
    if (name === "definition") present = atHighest;
    at = end;
  }
  checkValues(page, at, { ...limits, present, hasRunsOfNothing: false });
}

/** Lengths of the levels stand in the header. */
function checkSecond(
  page: Uint8Array,
  { lengths: [repetition, definition], ...limits }: Limits & { readonly present: number; readonly lengths: readonly [number, number] },
): void {
  const { values: count } = limits;
  if (limits.repetition > 0) checkLevels("repetition", limits.repetition, { bytes: page, begin: 0, end: repetition, count });
  const end = repetition + definition;
  if (limits.definition > 0) {
    const present = checkLevels("definition", limits.definition, { bytes: page, begin: repetition, end, count });
    if (present > limits.present) throw new PageProblem(`it tells of ${limits.present} values, its definition levels of ${present}`);
  }
  checkValues(page, end, { ...limits, hasRunsOfNothing: true });
}

/** @returns how many levels are the highest. */
function checkLevels(name: string, highest: number, stretch: Omit<RunStretch, "width">): number {
  let [above, atHighest] = [0, 0];
  const problem = runsProblem({ ...stretch, width: bitsOf(highest) }, (level, times) => {
    if (level === highest) atHighest += times;
    else if (level > highest) above = level;
  });
  if (problem !== undefined) throw new PageProblem(`of its ${name} levels, ${problem}`);
  if (above > 0) throw new PageProblem(`it has a ${name} level of ${above}, while ${highest} is the highest`);
  return atHighest;
}

interface ValueLimits extends Limits {
  /** Values that are there. */
  readonly present: number;
  /** Whether runs are read even where there is only one index, which takes no bits. */
  readonly hasRunsOfNothing: boolean;
}

/** Of values that are encoded in runs: indices of a dictionary, and booleans. */
function checkValues(page: Uint8Array, at: number, { encoding, isBoolean, present, hasRunsOfNothing }: ValueLimits): void {
  if (encoding === "RLE" && isBoolean) {
    const problem = runsProblem({ bytes: page, begin: at + 4, end: endOfRuns(page, at), width: 1, count: present });
    if (problem !== undefined) throw new PageProblem(`of its values, ${problem}`);
  }
  if (encoding !== "RLE_DICTIONARY" && encoding !== "PLAIN_DICTIONARY") return;
  const width = page[at] ?? 0;
  if (width > 32) throw new PageProblem(`it tells of indices of ${width} bits`);
  if (width === 0 && !hasRunsOfNothing) return;
  const problem = runsProblem({ bytes: page, begin: at + 1, end: page.length, width, count: present });
  if (problem !== undefined) throw new PageProblem(`of its indices, ${problem}`);
}

/** Where runs end whose length stands before them. */
function endOfRuns(page: Uint8Array, at: number): number {
  const length = at + 4 <= page.length ? new DataView(page.buffer, page.byteOffset + at, 4).getUint32(0, true) : Infinity;
  if (at + 4 + length > page.length) throw new PageProblem(`it tells of runs of ${length} bytes, more than it has`);
  return at + 4 + length;
}

/** Bits that hold a level. */
function bitsOf(highest: number): number {
  return 32 - Math.clz32(highest);
}
