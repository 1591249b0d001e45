import type { SnippetCall } from "@sremote/client";
import type { RemoteExecError } from "@sremote/protocol";

/** What it rejects with. */
export async function failure(promise: PromiseLike<unknown>): Promise<RemoteExecError> {
  try {
    await promise;
  } catch (error) {
    return error as RemoteExecError;
  }
  throw new Error("it did not fail");
}

/** Resolves when the snippet has printed the line. */
export async function printed(call: SnippetCall, line: string): Promise<void> {
  for await (const each of call.stdout) if (each === line) return;
}
