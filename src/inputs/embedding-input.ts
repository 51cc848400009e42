/** Decoded pixels, row by row from the top left. */
export interface RawImage {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** [height, width, 3] uint8, sRGB, alpha already composed on white. */
  readonly data: Uint8Array;
}

/** An entry of a zip archive, as the archive's directory has it. */
export interface ZipEntry {
  /** Byte of its own header. */
  readonly headerOffset: number;
  /** Bytes in the archive. */
  readonly compressedSize: number;
  /** Bytes as they were. */
  readonly size: number;
  readonly crc32: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
}

/** Where the bytes of a picture lie, so that another thread can read them by itself: a file, or an entry of an archive. */
export interface StoredPlace {
  readonly file: string;
  readonly entry?: ZipEntry;
}

/** A picture that lies somewhere, such as in an archive, and is read when it is needed. */
export interface StoredImage {
  /** What it is called in messages. */
  readonly name: string;
  /** The encoded bytes of its file. */
  readonly read: () => Promise<Uint8Array>;
  /** Where they lie, if that can be told. */
  readonly place?: (() => Promise<StoredPlace | undefined>) | undefined;
  /** Pixels: once decoded it is squashed to a square of so many on each side, whatever its aspect. It stays as it is if not given. */
  readonly square?: number;
}

/** A picture: a path, the encoded bytes of a file (PNG, JPEG, WebP, SVG, ...), decoded pixels, or one that is read when it is needed. */
export type ImageSource = string | Uint8Array | RawImage | StoredImage;

/** What is embedded: an image, a text, or both, with an optional instruction that says what the embedding is for. */
export interface EmbeddingInput {
  readonly image?: ImageSource;
  readonly text?: string;
  readonly instruction?: string;
}

/** A prompt that is taken as it stands, its special tokens written out: no template is put around it. */
export interface VerbatimPrompt {
  readonly prompt: string;
  /** One for each image token in the prompt, in their order. */
  readonly images?: readonly ImageSource[];
  /**
   * What stands for an image in the prompt: each time, the model's own image token takes its place, so that one prompt serves any model
   * ({@link IMAGE_PLACEHOLDER} in MMEB). Such a prompt begins with what the tokenizer begins every text with (`<s>`), and is cut from its
   * end if it is too long, as no other verbatim prompt is. The model's image token itself, if not given.
   */
  readonly imagePlaceholder?: string;
}

/** What stands for an image in the texts of MMEB. */
export const IMAGE_PLACEHOLDER = "<|image_1|>";

/** A prompt with the model's own image token in the places of its placeholder. */
export function fillImageToken({ prompt, imagePlaceholder }: VerbatimPrompt, imageToken: string): string {
  return imagePlaceholder === undefined ? prompt : prompt.replaceAll(imagePlaceholder, () => imageToken);
}

/** A part of a chat message: text, or a picture in its place. */
export type ChatPart = { readonly type: "text"; readonly text: string } | { readonly type: "image"; readonly image: ImageSource };

/** A message of a chat, in the form of Hugging Face's chat templates. */
export interface ChatMessage {
  /** `system`, `user`, `assistant`, or what else the model's template knows. */
  readonly role: string;
  readonly content: string | readonly ChatPart[];
}

/** A chat, which the model's own chat template makes a prompt of. */
export interface ChatInput {
  readonly messages: readonly ChatMessage[];
  /** Whether the prompt ends where the model would begin to answer; not, if not given. */
  readonly addGenerationPrompt?: boolean;
}

/** Whatever can be laid out as one prompt. */
export type PromptInput = EmbeddingInput | VerbatimPrompt;

/** Whatever a model takes. */
export type ModelInput = PromptInput | ChatInput;

/** Whether an input is a chat. */
export function isChat(input: ModelInput): input is ChatInput {
  return "messages" in input;
}

/** Whether an input is a prompt that is taken as it stands. */
export function isVerbatim(input: PromptInput): input is VerbatimPrompt {
  return "prompt" in input;
}

/** The pictures of an input, in the order of their tokens. */
export function imagesOf(input: PromptInput): readonly ImageSource[] {
  if (isVerbatim(input)) return input.images ?? [];
  return input.image === undefined ? [] : [input.image];
}
