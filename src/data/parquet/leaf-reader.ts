import { crc32 } from "node:zlib";
import type { ColumnChunk, DecodedArray, OffsetIndex, PageHeader, SchemaTree } from "hyparquet";
import { parquetHeader, readPage } from "hyparquet/src/column.js";
import { convert, DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { readOffsetIndex } from "hyparquet/src/indexes.js";
import { getMaxRepetitionLevel, getTreePath } from "hyparquet/src/schema.js";
import { present } from "../../errors/families.ts";
import { CODECS } from "./codecs.ts";
import type { FileBytes } from "./file-bytes.ts";
import { openPage } from "./page-content.ts";
import { PageProblem } from "./problems.ts";

/** Bytes read at once where a page is smaller. */
const WINDOW_BYTES = 16_384;

type Decoder = Parameters<typeof readPage>[2];

/**
 * Reads one physical column of a row group page by page: what is in memory is a page, never the column. Rows are passed over by the headers of
 * pages, or by the offset index where the file has one; only where lists lie in pages of the first version do they have to be decoded for that.
 */
export class LeafReader {
  readonly path: readonly string[];
  readonly #bytes: FileBytes;
  readonly #chunk: ColumnChunk;
  readonly #decoder: Decoder;
  readonly #isRepeated: boolean;
  /** Bytes of the column in the file, the end not included. */
  readonly #end: number;
  #position: number;
  #window: { readonly start: number; readonly buffer: ArrayBuffer } | undefined;
  #dictionary: DecodedArray | undefined;
  #rows: unknown[] = [];
  #taken = 0;
  #isStarted = false;

  constructor(bytes: FileBytes, chunk: ColumnChunk, schema: SchemaTree) {
    const meta = present(chunk.meta_data, "the metadata of a column");
    const schemaPath = getTreePath(schema, meta.path_in_schema);
    this.path = meta.path_in_schema;
    this.#bytes = bytes;
    this.#chunk = chunk;
    this.#isRepeated = getMaxRepetitionLevel(schemaPath) > 0;
    this.#decoder = {
      ...meta,
      pathInSchema: meta.path_in_schema,
      element: present(schemaPath.at(-1), "a schema element").element,
      schemaPath,
      parsers: DEFAULT_PARSERS,
      compressors: CODECS,
    };
    const { dictionary_page_offset: dictionary = 0n, data_page_offset: data } = meta;
    this.#position = Number(dictionary > 0n ? dictionary : data); // some writers write 0 where there is none
    this.#end = this.#position + Number(meta.total_compressed_size);
  }

  /** Passes over rows. To be called before any is taken. */
  async skip(count: number): Promise<void> {
    let left = count;
    if (left > 0 && this.#chunk.offset_index_offset !== undefined) left -= await this.#seek(left);
    while (left > 0 && this.#position < this.#end) {
      const { header, begin } = await this.#header();
      const rows = rowsIn(header, this.#isRepeated);
      const isWhole = rows !== undefined && rows <= left && this.#rows.length === 0;
      if (isWhole) {
        this.#position = begin + header.compressed_page_size;
        left -= rows;
        continue;
      }
      await this.#decode(header, begin);
      left -= this.#drop(left);
    }
    if (left > 0) this.#drop(left);
  }

  /** The next rows; fewer if the column has no more. */
  async take(count: number): Promise<unknown[]> {
    while (this.#available() < count && this.#position < this.#end) {
      const { header, begin } = await this.#header();
      await this.#decode(header, begin);
    }
    const taken = this.#rows.slice(this.#taken, this.#taken + count);
    this.#drop(taken.length);
    return taken;
  }

  /** Rows that are decoded and whole: the last row of a list may go on in the next page. */
  #available(): number {
    const isOpen = this.#isRepeated && this.#position < this.#end;
    return Math.max(0, this.#rows.length - this.#taken - (isOpen ? 1 : 0));
  }

  #drop(count: number): number {
    const dropped = Math.min(count, this.#available());
    this.#taken += dropped;
    return dropped;
  }

  /** Goes to the page in which a row lies. @returns the rows before that page. */
  async #seek(row: number): Promise<number> {
    const start = Number(this.#chunk.offset_index_offset);
    const buffer = await this.#bytes.slice(start, start + present(this.#chunk.offset_index_length, "the length of the offset index"));
    const pages: OffsetIndex["page_locations"] = readOffsetIndex({ view: new DataView(buffer), offset: 0 }).page_locations;
    const page = pages.findLast(({ first_row_index: first }) => Number(first) <= row);
    if (page === undefined || Number(page.first_row_index) === 0) return 0;
    await this.#start();
    this.#position = Number(page.offset);
    return Number(page.first_row_index);
  }

  /** Reads the dictionary, if there is one before the first page of data. */
  async #start(): Promise<void> {
    if (this.#isStarted) return;
    const { header, begin } = await this.#header();
    if (header.type === "DICTIONARY_PAGE") await this.#decode(header, begin);
  }

  /** The header of the page at hand, and where its content begins. */
  async #header(): Promise<{ readonly header: PageHeader; readonly begin: number }> {
    this.#isStarted = true;
    for (let bytes = 4096; ; bytes *= 8) {
      const length = Math.min(bytes, this.#end - this.#position);
      const view = await this.#view(this.#position, length);
      const reader = { view, offset: 0 };
      try {
        const header = parquetHeader(reader);
        return { header, begin: this.#position + reader.offset };
      } catch (error) {
        if (!(error instanceof RangeError) || length === this.#end - this.#position || length > LARGEST_HEADER) throw error;
      }
    }
  }

  async #decode(header: PageHeader, begin: number): Promise<void> {
    const end = begin + header.compressed_page_size;
    const problem = headerProblem(header, { bytesLeft: this.#end - begin, values: Number(this.#chunk.meta_data?.num_values) });
    if (problem !== undefined) throw new PageProblem(problem);
    const bytes = bytesOf(await this.#view(begin, header.compressed_page_size));
    this.#position = end;
    if (header.crc !== undefined && crc32(bytes) !== header.crc >>> 0) throw new PageProblem("the checksum of a page is wrong");
    if (header.type === "INDEX_PAGE") return;
    if (header.type === "DICTIONARY_PAGE") {
      const { data } = readPage(readerOf(bytes), header, this.#decoder, undefined, undefined, 0);
      this.#dictionary = data === undefined ? undefined : convert(data, this.#decoder);
      return;
    }
    const rest = this.#rows.slice(this.#taken);
    const previous = this.#isRepeated && rest.length > 0 ? rest : undefined;
    const page = openPage({ header, bytes }, this.#decoder);
    const plain = { ...this.#decoder, codec: "UNCOMPRESSED" as const };
    const { data = [] } = readPage(readerOf(page.bytes), page.header, plain, this.#dictionary, previous, 0);
    this.#rows = previous === undefined && rest.length === 0 ? Array.from<unknown>(data) : join(rest, data);
    this.#taken = 0;
  }

  /** Bytes of the file, out of the window if it holds them; else the window moves. */
  async #view(start: number, length: number): Promise<DataView> {
    const held = this.#window;
    if (held === undefined || start < held.start || start + length > held.start + held.buffer.byteLength) {
      const end = Math.min(Math.max(start + length, start + WINDOW_BYTES), Math.max(this.#end, start + length));
      this.#window = { start, buffer: await this.#bytes.slice(start, end) };
    }
    const { start: begin, buffer } = present(this.#window, "a window");
    return new DataView(buffer, start - begin, length);
  }
}

function readerOf({ buffer, byteOffset, byteLength }: Uint8Array): Parameters<typeof readPage>[0] {
  return { view: new DataView(buffer, byteOffset, byteLength), offset: 0 };
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Headers hold two values of a column at most, for statistics; a damaged one is not looked for further on. */
const LARGEST_HEADER = 1 << 24;

/** Pages hold a few megabytes; what says it holds more than this is damaged. */
const LARGEST_PAGE = 1 << 30;

/** Damaged headers may tell of pages so large that to read them takes forever: why one cannot be right; undefined if it can. */
function headerProblem(header: PageHeader, limits: { readonly bytesLeft: number; readonly values: number }): string | undefined {
  const { compressed_page_size: stored, uncompressed_page_size: size } = header;
  if (!(stored >= 0 && stored <= limits.bytesLeft)) return `a page of ${stored} bytes does not fit its column`;
  if (!(size >= 0 && size <= LARGEST_PAGE)) return `it tells of a page of ${size} bytes`;
  const { data_page_header: first, data_page_header_v2: second, dictionary_page_header: dictionary } = header;
  const counts = [first?.num_values, second?.num_values, second?.num_rows, second?.num_nulls].filter((count) => count !== undefined);
  const wrong = counts.find((count) => !(count >= 0 && count <= limits.values));
  if (wrong !== undefined) return `it tells of a page of ${wrong} values`;
  const entries = dictionary?.num_values ?? 0;
  return entries >= 0 && entries <= size + 1 ? undefined : `it tells of a dictionary of ${entries} values`;
}

/** Rows of a page, as its header tells; undefined if it does not. */
function rowsIn(header: PageHeader, isRepeated: boolean): number | undefined {
  if (header.type === "DATA_PAGE_V2") return header.data_page_header_v2?.num_rows;
  if (header.type === "DATA_PAGE" && !isRepeated) return header.data_page_header?.num_values;
  return undefined;
}

/** Rows and those that follow: the second is the first itself, grown, where lists went on. */
function join(rest: unknown[], data: DecodedArray): unknown[] {
  if (data === rest) return rest;
  for (const value of data) rest.push(value);
  return rest;
}
