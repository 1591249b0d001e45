/* What went wrong, for programs. */
import { RemoteExecError, SremoteError } from "@sremote/protocol";
import { exitCodeFor } from "./exit-code.ts";
import { outputJson } from "./value-json.ts";

export function errorJson(error: unknown): Record<string, unknown> {
  const exitCode = exitCodeFor(error);
  if (!(error instanceof SremoteError)) return { name: "Error", message: String(error), exitCode };
  const { name, code, message, details, stage, host, callId, hint, lastLines } = error;
  const failed = error instanceof RemoteExecError ? remoteJson(error) : {};
  return Object.fromEntries(
    Object.entries({ name, code, message, details, stage, host, callId, hint, lastLines, ...failed, exitCode }).filter(
      ([, each]) => each !== undefined,
    ),
  );
}

function remoteJson({ outcome, remote, output, exitCode, signal }: RemoteExecError): Record<string, unknown> {
  const printed = output === undefined ? {} : { stdout: outputJson(output.stdout), stderr: outputJson(output.stderr) };
  return { outcome, remote, ...printed, processExitCode: exitCode, signal };
}
