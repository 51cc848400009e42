/** How far a download is. */
export interface DownloadProgress {
  /** The model, as it was asked for. */
  readonly model: string;
  /** The file that is being fetched. */
  readonly file: string;
  /** Bytes that are there, those of an earlier, interrupted download included. */
  readonly done: number;
  /** Bytes of all files that are fetched. */
  readonly total: number;
}

/** How models are fetched from the hub. */
export interface HubOptions {
  /** Called as a download goes on; not called if nothing has to be fetched. */
  readonly onDownload?: (progress: DownloadProgress) => void;
  /** Stops a download; what is there is kept for the next one. */
  readonly signal?: AbortSignal;
}
