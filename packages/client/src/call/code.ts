/* Shipped code of a call, as it was when the call was made. */

export interface CallCode {
  /** Of its trees, as they come on the module search path. */
  readonly digests: readonly string[];
  /** Sends what the host lacks; undefined where it has all. */
  ready(): Promise<unknown> | undefined;
  /** The host has said that it lacks some. */
  forget(): void;
}
