import { randomBytes } from "node:crypto";
import { type CallMessage, encodeMessage, protocolVersion } from "@sremote/protocol";
import { type CallOptions, fromHome, type Runtime, type SplitArguments } from "./call-options.ts";
import type { HostEnvironment } from "./host-environment.ts";
import type { Locations } from "./locations.ts";
import type { Serializer } from "./serializer.ts";

/** One call, ready to travel: the same bytes for every attempt, so that the host can tell a retry from another request. */
export interface CallRequest {
  readonly id: string;
  readonly runtime: Runtime;
  /** `os.getenv` on the host, for messages. */
  readonly what: string;
  readonly frame: readonly Uint8Array[];
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Installs the endpoint where it is missing, whatever the client's `autoInstall` says. */
  readonly install: boolean;
  /** The caller chose the id, to be able to repeat the call: the host keeps what it knows of it. */
  readonly repeatable: boolean;
}

export interface CallSettings {
  runtime: Runtime;
  environment: HostEnvironment;
  locations: Locations;
  modules: ReadonlyMap<string, string | null>;
  serializer: Serializer;
  /** Ids whose replies are here already. */
  release: string[];
}

export function buildRequest(module: string, fn: string, split: SplitArguments, options: CallOptions, settings: CallSettings): CallRequest {
  const attachments: Uint8Array[] = [];
  const id = options.id ?? randomBytes(16).toString("hex");
  const message: CallMessage = {
    type: "call",
    protocol: protocolVersion,
    id,
    module,
    function: fn,
    args: settings.serializer.encode(split.args, "args", attachments),
  };
  if (split.kwargs !== undefined) message.kwargs = settings.serializer.encode(split.kwargs, "kwargs", attachments);
  addEnvironment(message, options, settings);
  if (options.timeout !== undefined) message.timeoutMs = options.timeout;
  if (options.outputLimit !== undefined) message.outputLimit = options.outputLimit;
  if (options.naiveTimeZone !== undefined) message.naiveTimeZone = options.naiveTimeZone;
  if (settings.modules.size > 0) message.modules = Object.fromEntries(settings.modules);
  // Not with an id of the caller's: a repetition must be the same bytes, else the host takes it for another request.
  if (settings.release.length > 0 && options.id === undefined) message.release = settings.release;
  const frame = encodeMessage(message, attachments);
  return {
    id,
    runtime: settings.runtime,
    what: `${module}.${fn}`,
    frame,
    timeout: options.timeout,
    signal: options.signal,
    install: false,
    repeatable: options.id !== undefined,
  };
}

function addEnvironment(message: CallMessage, options: CallOptions, { environment, locations }: CallSettings): void {
  const env = environment.variables(options.env);
  const path = environment.path();
  const cwd = options.cwd === undefined ? locations.pwdDir : fromHome("options.cwd", options.cwd);
  if (env.length > 0) message.env = env;
  if (path.length > 0) message.path = path;
  if (cwd !== undefined) message.cwd = cwd;
  if (locations.tmpDir !== undefined) message.tmp = locations.tmpDir;
  if (options.keepEnv === true) message.keepEnv = true;
}
