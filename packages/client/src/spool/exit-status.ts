import { RemoteExecError, RemoteNotSetupError } from "@sremote/protocol";
import type { CallRequest } from "./request.ts";

/** Exit statuses by which an endpoint that cannot answer says why (packages/endpoint: `main`). */
export function statusError(exitCode: number | null, request: CallRequest): RemoteNotSetupError | RemoteExecError | undefined {
  const options = { stage: "setup", callId: request.id };
  if (exitCode === 94) {
    return new RemoteExecError("call-conflict", `${request.what} was not run: this call id was used for another request`, {
      ...options,
      outcome: "not-run",
    });
  }
  if (exitCode === 97) {
    return new RemoteNotSetupError("unsafe-directory", "a directory of the spool belongs to another user or is open to others", options);
  }
  if (exitCode === 99) {
    return new RemoteExecError("code-missing", `${request.what} was not run: the host lacks shipped code`, {
      ...options,
      outcome: "not-run",
    });
  }
  if (exitCode === 98) {
    return new RemoteExecError("disk-full", `${request.what} was not run: the host has no space for the call`, {
      ...options,
      outcome: "not-run",
    });
  }
  return undefined;
}
