import { createReadStream } from "node:fs";

const LINE_FEED = 10;
const SPACE = 32;

/** How many lines of a file are not empty; undefined if it cannot be read. */
export async function countLines(file: string): Promise<number | undefined> {
  let count = 0;
  let isCounted = false;
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      for (const byte of chunk) {
        if (byte === LINE_FEED) isCounted = false;
        else if (byte > SPACE && !isCounted) {
          isCounted = true;
          count++;
        }
      }
    }
  } catch {
    return undefined;
  }
  return count;
}
