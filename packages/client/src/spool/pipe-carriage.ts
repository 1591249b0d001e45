import { checksumBytes, prefixBytes, readPrefix, RemoteExecError, RemoteNotSetupError } from "@sremote/protocol";
import type { CallRequest } from "../call-request.ts";
import { launchCommand, type Located, missingError, payloadOf, readLaunch, unansweredError } from "../launch.ts";
import { newMarker } from "../marker-text.ts";
import type { SpoolTransport } from "./spool-transport.ts";

/** Time the host gets beyond a call's own deadline to start the interpreter and to report, in milliseconds. */
const slack = 60_000;

/**
 * One `exec` per call: request on standard input, reply on standard output. As long as it is not known whether the host has this
 * endpoint, the payload goes along: 30 kB cost less than asking first on any link slower than a local one.
 */
export async function callThroughPipes(transport: SpoolTransport, request: CallRequest, known: Located): Promise<Uint8Array> {
  const { connector, settings } = transport;
  const mode = known.installed || !(settings.autoInstall || request.install) ? "run" : "stage";
  const marker = newMarker();
  const { base, interpreter } = known;
  const endpoint = ["call", "--marker", ...marker, "-", "-"];
  const command = launchCommand({ mode, marker, base, interpreter, runtime: request.runtime, endpoint });
  const stdin = mode === "stage" ? [payloadOf(request.runtime).bytes, ...request.frame] : request.frame;
  const timeout = request.timeout === undefined ? undefined : request.timeout + slack;
  const result = await connector.exec(command, { stdin, signal: request.signal, timeout });
  const launched = readLaunch(result, marker);
  const options = { stage: "deploy", host: connector.label, callId: request.id };
  switch (launched.kind) {
    case "frame":
      return firstFrame(launched.bytes);
    case "missing":
      throw missingError(launched.reason, launched.facts, request.runtime, options);
    default:
      throw statusError(result.exitCode, request) ?? unansweredError(result, request.runtime, options);
  }
}

/**
 * Without what was printed after the reply: exit handlers of the host's Python or Node, or of the shell around it, print as start-up files do. The
 * frame's own length says where it ends; bytes of which that cannot be read are left for whoever decodes them to refuse.
 */
function firstFrame(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength < prefixBytes) return bytes;
  let length: number;
  try {
    length = prefixBytes + readPrefix(bytes.subarray(0, prefixBytes)).body + checksumBytes;
  } catch {
    return bytes;
  }
  return bytes.subarray(0, length);
}

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
  if (exitCode === 98) {
    return new RemoteExecError("disk-full", `${request.what} was not run: the host has no space for the call`, {
      ...options,
      outcome: "not-run",
    });
  }
  return undefined;
}
