/* Errors of one item, made of those of the message that it was in. */
import { InvalidArgumentError, OutcomeUnknownError, RemoteExecError, SremoteError, UnserializableError } from "@sremote/protocol";

/** It cannot be sent. @param error of the message that had it alone */
export function unsendableItem(error: SremoteError, index: number): SremoteError {
  const named = (path: string): string => path.replace(/^args\[0\]/, `items[${index}]`);
  if (error instanceof UnserializableError) {
    const { path, hint } = error;
    return new UnserializableError(named(path), error.message.slice(path.length + 2), { hint });
  }
  return new InvalidArgumentError(named(error.message));
}

/** It had begun when its message failed. @param isLost it ran to its end, and its result was lost */
export function begunItem(error: SremoteError, index: number, isLost: boolean): SremoteError {
  const text = isLost ? `item ${index} ran, but its result was lost: ${error.message}` : `item ${index}: ${error.message}`;
  const { stage, host, callId, hint, lastLines, cause } = error;
  const options = { stage, host, callId, hint, lastLines, cause };
  if (error instanceof OutcomeUnknownError) return new OutcomeUnknownError(error.code, text, options);
  if (!(error instanceof RemoteExecError)) return new SremoteError(error.code, text, options);
  const { outcome, remote, exitCode, signal } = error;
  return new RemoteExecError(error.code, text, { ...options, outcome, remote, exitCode, signal });
}
