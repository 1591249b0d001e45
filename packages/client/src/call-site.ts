/* Where in the program a call was made: its error comes into being in a later turn of the event loop, where nothing of that is on the stack. */
import { SremoteError } from "@sremote/protocol";

/** Taken in two or three microseconds; put into words only when a call fails. */
export interface CallSite {
  stack?: string;
}

/** The stack of whoever constructs an `above`. */
export function callSite(above: abstract new (...args: never[]) => unknown): CallSite {
  const site: CallSite = {};
  Error.captureStackTrace(site, above);
  return site;
}

const placed = new WeakSet<SremoteError>();

/** Adds the caller's frames to an error's stack. Once: an error that ends a session is that of each of its calls. */
export function withCallSite(error: unknown, { stack }: CallSite): unknown {
  if (!(error instanceof SremoteError) || placed.has(error)) return error;
  placed.add(error);
  const frames = stack?.split("\n").filter((line) => line.startsWith("    at ")) ?? [];
  if (error.stack !== undefined) error.stack = [error.stack, ...frames].join("\n");
  return error;
}
