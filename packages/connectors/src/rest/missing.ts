/* For hooks to which "not found" is an answer. */
import { TransferError } from "@sremote/protocol";

/** To be given to `catch` of a request: undefined where the service says 404, or that a file is not there. */
export function ifMissing(error: unknown): undefined {
  if (!(error instanceof TransferError && error.code === "no-such-file")) throw error;
}
