import { PolyvecError, type PolyvecErrorOptions } from "../errors/polyvec-error.ts";

/** The command line was used wrongly: exit code 2. Details: `argument`. */
export class UsageError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("usage", options);
  }
}
