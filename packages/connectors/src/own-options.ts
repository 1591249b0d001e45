/* What operations hand to each other, beside what callers may say. */
import type { OperationOptions } from "./connector.ts";

/** What a connector adds to its caller's options. */
export interface OwnOptions extends OperationOptions {
  /** Takes work that goes on after the caller was answered. It never rejects. */
  readonly later?: ((work: Promise<unknown>) => void) | undefined;
  /** What it waits for just now, such as a session of the connection, for the error of a deadline that passes meanwhile. */
  readonly waitsFor?: (() => string | undefined) | undefined;
  /** Of a start: bytes of input that follow (see `StartOptions`). */
  readonly inputSize?: number | undefined;
}
