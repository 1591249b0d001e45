import { checksumBytes, prefixBytes, readPrefix } from "@sremote/protocol";
import type { CallRequest } from "./request.ts";
import { launchCommand, type Located, missingError, payloadOf, readLaunch, unansweredError } from "../host/launch.ts";
import { newMarker } from "../host/marker.ts";
import { statusError } from "./exit-status.ts";
import type { SpoolHost } from "../host/settings.ts";

/** Time the host gets beyond a call's own deadline to start the interpreter and to report, in milliseconds. */
const slack = 60_000;

/**
 * One `exec` per call: request on standard input, reply on standard output. As long as it is not known whether the host has this
 * endpoint, the payload goes along: 30 kB cost less than asking first on any link slower than a local one.
 */
export async function callByExec(host: SpoolHost, request: CallRequest, known: Located): Promise<Uint8Array> {
  const { connector, settings } = host;
  const mode = known.installed || !(settings.autoInstall || request.install) ? "run" : "stage";
  const marker = newMarker();
  const { base, interpreter } = known;
  const endpoint = ["call", "--marker", ...marker, "-", "-"];
  const command = launchCommand({ mode, marker, base, interpreter, runtime: request.runtime, endpoint });
  const stdin = mode === "stage" ? [payloadOf(request.runtime).bytes, ...request.frame] : request.frame;
  const timeout = request.timeout === undefined ? undefined : request.timeout + slack;
  if (connector.announcesInput !== true) request.onSent();
  const result = await connector.exec(command, { stdin, signal: request.signal, timeout, onInput: () => request.onSent() });
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
 * frame's own length says where it ends; bytes of which that cannot be read are left for the decoder to refuse.
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
