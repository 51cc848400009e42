import { PolyvecError, type PolyvecErrorOptions } from "../errors/polyvec-error.ts";

/** A failure that another process of the same command tells of: this one ends with an exit code and says nothing. */
export class ToldElsewhereError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("told-elsewhere", options);
  }
}
