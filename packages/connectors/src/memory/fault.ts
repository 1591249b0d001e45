/* Trouble that can be asked for. */

export type OperationName = "exec" | "push" | "pull" | "spawn";

/** What goes wrong with one operation. */
export type Fault =
  /** Nothing happens on the host; rejects with `connection-lost`. */
  | { readonly kind: "fail-before" }
  /** It happens on the host, but the answer is lost; rejects with `connection-lost`. */
  | { readonly kind: "fail-after" }
  /** It begins only when the promise is fulfilled. */
  | { readonly kind: "delay"; readonly until: Promise<unknown> }
  /** `exec` succeeds with no more than so many bytes of stdout, `pull` without an error with so many bytes of the file. */
  | { readonly kind: "cut"; readonly bytes: number }
  /** One bit is wrong in the middle of: stdout of `exec`, the stored file of `push`, the bytes of `pull`. */
  | { readonly kind: "corrupt" };

/** Flips the lowest bit of the middle byte of a copy. */
export function corrupted(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const middle = copy.length >> 1;
  if (copy.length > 0) copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}
