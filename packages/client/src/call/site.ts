/* Where in the program a call was made: its error comes into being in a later turn of the event loop, where nothing of that is on the stack. */
import { SremoteError } from "@sremote/protocol";

/** Put into words only when a call fails. */
export interface CallSite {
  stack?: string;
}

/** Frames of the caller that are kept: the whole stack, with the async functions that wait for the call, would take longer than the rest of the call here. */
const frames = 5;

/** The stack of the caller. */
export function callSite(): CallSite {
  const site: CallSite = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  Error.captureStackTrace(site, callSite);
  Error.stackTraceLimit = limit;
  return site;
}

const placed = new WeakSet<SremoteError>();

/** Adds the caller's frames to an error's stack. Once: an error that ends a session is that of each of its calls. */
export function withCallSite(error: unknown, { stack }: CallSite): unknown {
  if (!(error instanceof SremoteError) || placed.has(error)) return error;
  placed.add(error);
  const lines = stack?.split("\n").filter((line) => line.startsWith("    at ")) ?? [];
  if (error.stack !== undefined) error.stack = [error.stack, ...lines].join("\n");
  return error;
}
