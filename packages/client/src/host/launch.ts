import type { Command, ExecResult } from "@sremote/connectors";
import { nodePayload, nodeSessionPayload, pythonPayload, pythonSessionPayload, script } from "@sremote/endpoint";
import { hostLimits, ProtocolError, RemoteNotSetupError, type SremoteErrorOptions, type WelcomeMessage } from "@sremote/protocol";
import type { Runtime } from "../call/options.ts";
import { lastLines, type Marker, parseFacts, splitAtMarker } from "./marker.ts";

/** What is known of a host's endpoint for one runtime; empty before the first reply. */
export interface Located {
  /** Absolute base directory in use. */
  base: string | undefined;
  /** Absolute path of the interpreter. */
  interpreter: string | undefined;
  /** Whether the current payload is known to be installed in `base`. */
  installed: boolean;
}

export interface Payload {
  name: string;
  bytes: Uint8Array;
  sha256: string;
  size: number;
}

export function payloadOf(runtime: Runtime): Payload {
  return runtime === "python" ? pythonPayload : nodePayload;
}

export interface LaunchRequest {
  /** `stage`: the payload is on standard input and is installed where it is missing. `run`: it must be there. */
  mode: "stage" | "run";
  marker: Marker;
  base: string | undefined;
  interpreter: string | undefined;
  runtime: Runtime;
  /** Endpoint mode and its arguments, after `--base DIR`; none with `stage`: install only. */
  endpoint: readonly string[];
}

/** The command that starts an endpoint: one `sh` that becomes the interpreter. Nothing secret is in it. */
export function launchCommand(request: LaunchRequest): Command {
  const { mode, marker, base, interpreter, runtime, endpoint } = request;
  const payload = payloadOf(runtime);
  const stage1 = mode === "stage" ? script(runtime === "python" ? "stage1.py" : "stage1.cjs") : "";
  const size = mode === "stage" ? String(payload.size) : "0";
  const fixed = [mode, ...marker, base ?? "", interpreter ?? "", runtime, payload.sha256, stage1, size];
  return ["sh", "-c", script("launch.sh"), "sremote", ...fixed, ...endpoint];
}

export function sessionPayloadOf(runtime: Runtime): Payload {
  return runtime === "python" ? pythonSessionPayload : nodeSessionPayload;
}

export interface SessionLaunch {
  marker: Marker;
  base: string | undefined;
  interpreter: string | undefined;
  runtime: Runtime;
  /** Whether the endpoint must have been installed before. */
  demand: boolean;
}

/** The command that starts a session from the payload on standard input. Nothing is installed. */
export function sessionCommand({ marker, base, interpreter, runtime, demand }: SessionLaunch): Command {
  const payload = sessionPayloadOf(runtime);
  const first = script(runtime === "python" ? "stage-session.py" : "stage-session.cjs");
  const fixed = [...marker, base ?? "", interpreter ?? "", runtime, payload.sha256, first, String(payload.size)];
  const required = demand ? [payloadOf(runtime).sha256] : [];
  return ["sh", "-c", script("launch.sh"), "sremote", demand ? "demand" : "stage", ...fixed, ...required, "session"];
}

/** As launch.sh: what the user set for Node must not act on the endpoint itself. */
const cleanNode = 'unset NODE_OPTIONS; exec "$@"';
/** Python without anything of the user's: no variables, no directory where it starts, no site-packages and what they run at the start. */
const bareInterpreter = ["-I", "-S", "-c", "import sys; exec(sys.argv[1])"];

/** The command that reaches a session's supervisor again. The token that lets it in is not part of it, nor of anything that is sent. */
export function attachCommand({ host, attach }: WelcomeMessage, marker: Marker): Command {
  return host.runtime === "python"
    ? [host.executable, ...bareInterpreter, script("attach.py"), attach, ...marker]
    : ["sh", "-c", cleanNode, "sremote", host.executable, "-e", "eval(process.argv[1])", "--", script("attach.cjs"), attach, ...marker];
}

export type Launched =
  | { kind: "frame"; bytes: Uint8Array; noise: Uint8Array }
  | { kind: "installed"; facts: Map<string, string[]> }
  | { kind: "missing"; reason: string; facts: Map<string, string[]> }
  | { kind: "silent" };

/** What a launch printed: a reply frame, the report of an install, what is missing, or nothing of ours. */
export function readLaunch(result: ExecResult, marker: Marker): Launched {
  const parts = splitAtMarker(result.stdout, marker);
  if (parts === undefined || parts.rest.byteLength === 0) return { kind: "silent" };
  const letter = parts.rest[0];
  if (letter !== 0x4e && letter !== 0x49) return { kind: "frame", bytes: parts.rest, noise: parts.noise };
  if (parts.rest.byteLength > hostLimits.missing)
    throw new ProtocolError("limit-exceeded", `the host's report of what is missing has more than ${hostLimits.missing} bytes`);
  const facts = parseFacts(Buffer.from(parts.rest).toString("utf8"));
  if (letter === 0x49) return { kind: "installed", facts };
  return { kind: "missing", reason: facts.get("reason")?.[0] ?? "unknown", facts };
}

/** The error for what `launch.sh` or the first stage found missing. */
export function missingError(
  reason: string,
  facts: Map<string, string[]>,
  runtime: Runtime,
  options: SremoteErrorOptions,
): RemoteNotSetupError {
  const name = runtime === "python" ? "Python 3.6 or later" : "Node 18 or later";
  const detail = facts.get("detail")?.join("; ");
  switch (reason) {
    case "interpreter": {
      const old = (facts.get("tooold") ?? []).map((each) => `${each} is too old`);
      const broken = (facts.get("broken") ?? []).map((each) => each.replace(/(?= \(|$)/, " does not start"));
      const tried = [...old, ...broken, ...(facts.get("tried") ?? [])].join(", ");
      return new RemoteNotSetupError("interpreter-missing", `no ${name} on the host; tried: ${tried}`, {
        ...options,
        hint: `install it there, or name its path: new RemoteClient(connector, { ${runtime}: "/path/to/${runtime === "python" ? "python3" : "node"}" })`,
      });
    }
    case "endpoint":
      return new RemoteNotSetupError("not-setup", "no endpoint of this version is installed on the host, and autoInstall is false", {
        ...options,
        hint: "call client.bootstrapInstall() once, or leave autoInstall on",
      });
    case "directory":
      return new RemoteNotSetupError(
        "no-writable-directory",
        `no directory on the host can hold the endpoint; ${(facts.get("rejected") ?? []).join("; ")}`,
        {
          ...options,
          hint: "name one with client.setSremoteDir(path)",
        },
      );
    case "space":
      return new RemoteNotSetupError("disk-full", `the host has no space for the endpoint: ${detail ?? "no reason given"}`, {
        ...options,
        hint: "free space there, or name a directory on another file system with client.setSremoteDir(path)",
      });
    case "install":
      return new RemoteNotSetupError("endpoint-broken", `the endpoint could not be installed: ${detail ?? "no reason given"}`, options);
    default:
      return new RemoteNotSetupError(
        "endpoint-broken",
        `the endpoint could not be started (${reason}): ${detail ?? "no reason given"}`,
        options,
      );
  }
}

/** An endpoint that was started ended without an answer: the function may have run. */
export class Unanswered extends RemoteNotSetupError {}

/** Exit statuses of an endpoint that may have run the function: 0, whose answer did not arrive, and those that PROTOCOL.md says it of. */
const mayHaveRun = new Set<number | null>([0, 90, 92, 93, null]);
/** From here on it is the number of a signal, as a shell gives it. */
const signalled = 129;

/** The error for an endpoint's call that printed nothing of ours. */
export function unansweredError(...launch: Parameters<typeof silentError>): RemoteNotSetupError {
  const error = silentError(...launch);
  const [{ exitCode }, , options] = launch;
  if (!mayHaveRun.has(exitCode) && (exitCode ?? 0) < signalled) return error;
  return new Unanswered(error.code, error.message, { ...options, lastLines: error.lastLines });
}

/** The error for a launch that printed nothing of ours: what the shell or interpreter said instead. */
export function silentError(
  result: Pick<ExecResult, "exitCode" | "signal" | "stdout" | "stderr">,
  runtime: Runtime,
  options: SremoteErrorOptions,
): RemoteNotSetupError {
  const how = result.signal === null ? `exit status ${result.exitCode}` : `signal ${result.signal}`;
  const said = [lastLines(result.stdout, 6), lastLines(result.stderr, 6)].filter((text) => text !== "").join("\n");
  return new RemoteNotSetupError("endpoint-broken", `the ${runtime} endpoint ended with ${how} and without an answer`, {
    ...options,
    lastLines: said,
  });
}
