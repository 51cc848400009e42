export { PolyvecError, type ErrorDetails, type PolyvecErrorOptions } from "./errors/polyvec-error.ts";
export {
  AbortedError,
  ConfigError,
  DataError,
  DeviceError,
  DisposedError,
  FileError,
  GraphError,
  InvariantError,
  LoweringError,
  ProcessorError,
  ShapeError,
  TrainingError,
  WeightsError,
} from "./errors/families.ts";
