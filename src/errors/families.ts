import { PolyvecError, type PolyvecErrorOptions } from "./polyvec-error.ts";

/** Two shapes or dtypes do not fit each other. Details: `got`, `expected`. */
export class ShapeError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("shape", options);
  }
}

/** A graph breaks one of the IR's rules. Details: `trace`, the scopes and ops that led to the node. */
export class GraphError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("graph", options);
  }
}

/** A graph cannot be written as ONNX. Details: `op`, `node`. */
export class LoweringError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("lowering", options);
  }
}

/** A file of weights is damaged or does not fit the model. Details: `file`, `tensor`, `expected`, `actual`. */
export class WeightsError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("weights", options);
  }
}

/** A configuration or recipe has a wrong, missing or unknown field. Details: `file`, `field`, `got`, `expected`. */
export class ConfigError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("config", options);
  }
}

/** An input cannot be turned into tokens or pixels. Details: `input`, `file`. */
export class ProcessorError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("processor", options);
  }
}

/** A data file or one of its rows is wrong. Details: `file`, `row`, `field`. */
export class DataError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("data", options);
  }
}

/** The asked-for device or execution provider cannot be had. Details: `device`, `available`. */
export class DeviceError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("device", options);
  }
}

/** Something was used after it was disposed. Details: `resource`. */
export class DisposedError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("disposed", options);
  }
}

/** Training cannot go on: the loss is not a number, paths collapsed, the run folder is taken. Details: `step`, `run`. */
export class TrainingError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("training", options);
  }
}

/** A file cannot be read or written. Details: `file`, `errno`. */
export class FileError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("file", options);
  }
}

/** A model cannot be had from the hub. Details: `model`, `revision`, `reason` (`network`, `offline`, `not-found`, `not-allowed`, ...), `status`. */
export class HubError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("hub", options);
  }
}

/** An HTTP server cannot be opened. Details: `host`, `port`, `errno`. */
export class HttpError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("http", options);
  }
}

/** A long call was stopped on request (`signal`, Ctrl-C). */
export class AbortedError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("aborted", options);
  }
}

/** A rule of the code itself was broken: a bug in Polyvec, never the user's fault. */
export class InvariantError extends PolyvecError {
  constructor(options: PolyvecErrorOptions) {
    super("invariant", options);
  }
}

/** Asserts what must hold if the code is right. @throws {InvariantError} when it does not. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (condition) return;
  throw new InvariantError({ message: `${message} (this is a bug in Polyvec: please report it)` });
}

/** Asserts that a value is there. @throws {InvariantError} when it is null or undefined. */
export function present<T>(value: T | null | undefined, what: string): T {
  invariant(value !== null && value !== undefined, `${what} is missing`);
  return value;
}
