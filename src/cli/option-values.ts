import { UsageError } from "./usage-error.ts";

/** Reads a whole number above 0 from an option. @throws {UsageError} for anything else. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError({ message: `got "${text}" where a whole number above 0 was expected`, details: { argument: text } });
}

/** Reads a whole number from 0 from an option. @throws {UsageError} for anything else. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new UsageError({ message: `got "${text}" where a whole number from 0 was expected`, details: { argument: text } });
}

/** Reads a port from an option. @throws {UsageError} for anything but a whole number from 0 to 65,535. */
export function portNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value < 65_536) return value;
  throw new UsageError({ message: `got "${text}" where a port was expected: a number from 0 to 65535`, details: { argument: text } });
}

/** Short names of dtypes, as Python's libraries have them. */
const SHORT_DTYPES: Readonly<Record<string, string>> = {
  f32: "float32",
  fp32: "float32",
  f16: "float16",
  fp16: "float16",
  bf16: "bfloat16",
};

/** Makes a reader of options that take one of a few dtypes, `f32`, `f16` and `bf16` for short. @throws {UsageError} for any other word, naming them all. */
export function oneOfDtypes<const Word extends string>(...words: readonly Word[]): (text: string) => Word {
  const read = oneOf(...words);
  return (text) => {
    const long = SHORT_DTYPES[text] ?? text;
    return read(words.some((word) => word === long) ? long : text);
  };
}

/** Makes a reader of options that take one of a few words. @throws {UsageError} for any other word, naming them all. */
export function oneOf<const Word extends string>(...words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new UsageError({ message: `got "${text}" where one of ${words.join(", ")} was expected`, details: { argument: text } });
  };
}

/** Makes a collector of options that take several of a few words, apart by commas or blanks. @throws {UsageError} as {@link oneOf}. */
export function someOf<const Word extends string>(...words: readonly Word[]): (text: string, others?: readonly Word[]) => readonly Word[] {
  const read = oneOf(...words);
  return (text, others = []) => [...others, ...text.split(",").map(read)];
}
