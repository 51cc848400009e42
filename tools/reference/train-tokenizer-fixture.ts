/** Trains test/fixtures/tokenizer/tokenizer.json on corpus.json beside it; see make_tokenizer_fixtures.py. */
import { readFile } from "node:fs/promises";
import { trainBytePairEncoding } from "../../src/model/formats/byte-pair-encoding.ts";
import { writeTokenizer } from "../../src/model/formats/tokenizer-json.ts";

const folder = "test/fixtures/tokenizer";
const corpus = JSON.parse(await readFile(`${folder}/corpus.json`, "utf8")) as string[];
await writeTokenizer(folder, trainBytePairEncoding(corpus, { vocabSize: 480 }));
