import { type CallMessage, encodeFrame, encodeMessage, type InvokeMessage, protocolVersion, type Route } from "@sremote/protocol";
import { newCallId } from "./call-id.ts";
import { type CallOptions, fromHome, type Runtime, type SplitArguments } from "./call-options.ts";
import type { HostEnvironment } from "./host-environment.ts";
import type { Locations } from "./locations.ts";
import type { Serializer } from "./serializer.ts";
import type { CallValues } from "./session/session-values.ts";

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
  /** Default: random. */
  callId?: string;
}

export function buildRequest(module: string, fn: string, split: SplitArguments, options: CallOptions, settings: CallSettings): CallRequest {
  const attachments: Uint8Array[] = [];
  const id = options.id ?? settings.callId ?? newCallId();
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

export interface Invocation {
  /** JSON, or no text for the default: equal configurations give equal text. */
  readonly route: string;
  readonly frame: readonly Uint8Array[];
}

/** The environment of the call is larger than a session takes; files on the host take any. */
export class RouteTooLong extends Error {}

export interface InvokeSettings extends Omit<CallSettings, "serializer" | "release"> {
  values: Pick<CallValues, "encode" | "on">;
  /** Stream whose result is an argument. */
  after: number | undefined;
  /** How many later calls take the result as an argument. */
  keep: number;
}

/** The same call for a session: what the supervisor must know of it beside what the function's process must. */
export function buildInvocation(
  module: string,
  fn: string,
  split: SplitArguments,
  options: CallOptions,
  settings: InvokeSettings,
): Invocation {
  const { values, modules, after, keep } = settings;
  const attachments: Uint8Array[] = [];
  const message: InvokeMessage = { type: "invoke", module, function: fn, args: values.encode(split.args, "args", attachments) };
  if (split.kwargs !== undefined) message.kwargs = values.encode(split.kwargs, "kwargs", attachments);
  if (options.naiveTimeZone !== undefined) message.naiveTimeZone = options.naiveTimeZone;
  if (modules.size > 0) message.modules = Object.fromEntries(modules);
  if (options.returns === "object") message.returns = "object";
  if (options.lease !== undefined) message.leaseMs = options.lease;
  if (keep > 0) message.keep = keep;
  const route: Route = {};
  // An object has its process already.
  if (values.on === undefined) addEnvironment(route, options, settings);
  if (options.isolation === "call") route.isolation = "call";
  if (options.worker !== undefined) route.worker = options.worker;
  if (values.on !== undefined) route.on = values.on;
  if (after !== undefined) route.after = after;
  if (keep > 0) route.keep = true;
  if (options.timeout !== undefined) route.timeoutMs = options.timeout;
  if (options.queueTimeout !== undefined) route.queueMs = options.queueTimeout;
  if (options.idleTimeout !== undefined) route.idleMs = options.idleTimeout;
  const text = JSON.stringify(route);
  if (Buffer.byteLength(text) > 65_535) throw new RouteTooLong();
  return { route: text === "{}" ? "" : text, frame: encodeFrame(JSON.stringify(message), attachments) };
}

function addEnvironment(
  message: CallMessage | Route,
  options: CallOptions,
  { environment, locations }: Pick<CallSettings, "environment" | "locations">,
): void {
  const env = environment.variables(options.env);
  const path = environment.path();
  const cwd = options.cwd === undefined ? locations.pwdDir : fromHome("options.cwd", options.cwd);
  if (env.length > 0) message.env = env;
  if (path.length > 0) message.path = path;
  if (cwd !== undefined) message.cwd = cwd;
  if (locations.tmpDir !== undefined) message.tmp = locations.tmpDir;
  if (options.keepEnv === true) message.keepEnv = true;
}
