export { PolyvecError, type ErrorDetails, type PolyvecErrorOptions } from "./errors/polyvec-error.ts";
export {
  AbortedError,
  ConfigError,
  DataError,
  DeviceError,
  DisposedError,
  FileError,
  GraphError,
  HttpError,
  HubError,
  InvariantError,
  LoweringError,
  ProcessorError,
  ShapeError,
  TrainingError,
  WeightsError,
} from "./errors/families.ts";
export type {
  ChatInput,
  ChatMessage,
  ChatPart,
  EmbeddingInput,
  ImageSource,
  ModelInput,
  RawImage,
  StoredImage,
  VerbatimPrompt,
} from "./inputs/embedding-input.ts";
export { loadModel, type LoadModelOptions } from "./embed/load-model.ts";
export type { DownloadProgress } from "./model/folder/hub/hub-options.ts";
export type { EmbedderOptions } from "./embed/embedding-sessions.ts";
export type { Embedder, EmbeddingOutcome } from "./embed/embedder.ts";
export type { Embedding, EmbedOptions, EmbedProgress } from "./embed/embed-options.ts";
export type { EmbeddingSet } from "./embed/embedding-set.ts";
export {
  VectorIndex,
  type SearchHit,
  type SearchOptions,
  type SearchQuery,
  type SearchView,
  type VectorSizes,
} from "./search/vector-index.ts";
export { loadIndex, saveIndex, type IndexMetadata, type SaveIndexOptions } from "./search/index-folder.ts";
export { indexPictures, type IndexPicturesOptions, type PictureIndex } from "./search/index-pictures.ts";
export type { EmbedderModule, EmbedderModuleInput, ModuleEmbedding, ModuleVector } from "./eval/mmeb/embedder-module.ts";
