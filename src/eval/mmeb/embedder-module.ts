/** An input as an embedder module is given it. Equal inputs are given once, whatever datasets and rows they occur in. */
export interface EmbedderModuleInput {
  /** Text and instruction without placeholder; "" where there is none. With `image` they are what `Embedder.embed` takes. */
  readonly text: string;
  readonly instruction: string;
  /** The encoded bytes of the image (PNG, JPEG, ...), if there is one. */
  readonly image?: Uint8Array;
  /** The path of the image as the columns name it. */
  readonly imagePath?: string;
  /** The text by the reference's rules, whitespace and all, with `<|image_1|>` where the image stands. */
  readonly referenceText: string;
}

/** Numbers of one vector. They are brought to unit length, as the scores are cosines. */
export type ModuleVector = Float32Array | Float64Array | readonly number[];

/** What a module gives for an input: one vector; or several, which are scored as paths, with their aggregate (their mean, if not given). */
export type ModuleEmbedding = ModuleVector | { readonly paths: readonly ModuleVector[]; readonly aggregate?: ModuleVector };

/** A module that can be evaluated with `--embedder`. */
export interface EmbedderModule {
  /** Embeds some inputs; one result for each, in their order. */
  embed(inputs: readonly EmbedderModuleInput[]): Promise<readonly ModuleEmbedding[]> | readonly ModuleEmbedding[];
  /** Names what is computed. Give one, and change it with every change of the vectors: without it nothing is kept between runs. */
  readonly identity?: string | undefined;
  /** What to call it in reports; the file's name, if not given. */
  readonly name?: string | undefined;
  /** Inputs that are given at a time; 32 if not given. */
  readonly batchSize?: number | undefined;
}
