/** Where the chunks of a download go. */
export interface Download {
  /** Size of the file where it is known; a reply that announces another one is "not there yet". */
  readonly size: number | undefined;
  take(chunk: Uint8Array): Promise<void>;
}
