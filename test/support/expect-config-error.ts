import { expect } from "vitest";
import { ConfigError } from "../../src/errors/families.ts";
import { thrownBy } from "./thrown-by.ts";

/** What a {@link ConfigError} is to say. */
export interface ExpectedConfigError {
  readonly file?: string;
  readonly field?: string;
  readonly message?: RegExp;
}

/** Expects a function to throw, or to reject with, a {@link ConfigError}. */
export async function expectConfigError(action: () => unknown, { message = /./, ...details }: ExpectedConfigError): Promise<void> {
  const error = await thrownBy(action);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).details).toMatchObject(details);
  expect((error as ConfigError).message).toMatch(message);
}
