/* What travels with a call beside its arguments. */
import { type CallMessage, type InvokeMessage, protocolVersion, type Route } from "@sremote/protocol";
import { type CallOptions, fromHome, type Runtime } from "./options.ts";
import type { HostEnvironment } from "./environment.ts";
import type { Locations } from "../host/locations.ts";

/** The length of a route is written with two bytes; a little of it is left for what is added when the call is sent. */
const longestRoute = 65_535 - 256;

/** One call, ready to travel: the same bytes for every attempt, so that the host can tell a retry from another request. */
export interface CallRequest {
  readonly id: string;
  readonly runtime: Runtime;
  /** `os.getenv` on the host, for messages. */
  readonly what: string;
  readonly frame: readonly Uint8Array[];
  /** @throws InvalidArgumentError when bytes of the frame have changed since the call was made */
  check(): void;
  /** Called when the host may have it from now on; perhaps more than once. */
  onSent(): void;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Bytes that are to be kept of each of stdout and stderr. */
  readonly outputLimit: number;
  /** Installs the endpoint where it is missing, whatever the client's `autoInstall` says. */
  readonly install: boolean;
  /** The caller chose the id, to be able to repeat the call: the host keeps what it knows of it. */
  readonly repeatable: boolean;
}

export interface MessageSettings {
  environment: HostEnvironment;
  locations: Locations;
  modules: ReadonlyMap<string, string | null>;
}

/** A message as JSON, without its arguments and the brace that ends it: {@link EncodedArguments} and further members follow. */
export type MessageHead = string;

/** The beginning of a `call`. Equal calls have equal text, so that the host knows a repetition by it. */
export function callHead(id: string, module: string, fn: string, options: CallOptions, settings: MessageSettings): MessageHead {
  const message: Omit<CallMessage, "args"> = { type: "call", protocol: protocolVersion, id, module, function: fn };
  addEnvironment(message, options, settings);
  if (options.timeout !== undefined) message.timeoutMs = options.timeout;
  if (options.outputLimit !== undefined) message.outputLimit = options.outputLimit;
  if (options.naiveTimeZone !== undefined) message.naiveTimeZone = options.naiveTimeZone;
  if (settings.modules.size > 0) message.modules = Object.fromEntries(settings.modules);
  return JSON.stringify(message).slice(0, -1);
}

/** The beginning of an `invoke`. */
export function invokeHead(module: string, fn: string, options: CallOptions, modules: ReadonlyMap<string, string | null>): MessageHead {
  const message: Omit<InvokeMessage, "args"> = { type: "invoke", module, function: fn };
  if (options.naiveTimeZone !== undefined) message.naiveTimeZone = options.naiveTimeZone;
  if (modules.size > 0) message.modules = Object.fromEntries(modules);
  if (options.returns === "object") message.returns = "object";
  if (options.objectTimeout !== undefined) message.leaseMs = options.objectTimeout;
  return JSON.stringify(message).slice(0, -1);
}

/**
 * What the supervisor must know of a call, as far as it is known when the call is made.
 * @param holdsObjects whether objects of the host are among the arguments: those have their process, and its environment, already
 */
export function routeOf(options: CallOptions, settings: MessageSettings, holdsObjects: boolean): Route {
  const route: Route = {};
  if (!holdsObjects) addEnvironment(route, options, settings);
  if (options.isolation === "call") route.isolation = "call";
  if (options.workerName !== undefined) route.worker = options.workerName;
  if (options.timeout !== undefined) route.timeoutMs = options.timeout;
  if (options.queueTimeout !== undefined) route.queueMs = options.queueTimeout;
  if (options.idleTimeout !== undefined) route.idleMs = options.idleTimeout;
  return route;
}

/** Whether a session takes it; files on the host take any. What is added later is short. */
export function isTooLong(route: Route): boolean {
  const { env, path, cwd, tmp, worker } = route;
  if (env === undefined && path === undefined && cwd === undefined && tmp === undefined && worker === undefined) return false;
  return Buffer.byteLength(JSON.stringify(route)) > longestRoute;
}

/** JSON, or no text for the default: equal configurations give equal text. */
export function routeText(route: Route): string {
  const text = JSON.stringify(route);
  return text === "{}" ? "" : text;
}

function addEnvironment(
  message: Omit<CallMessage, "args"> | Route,
  options: CallOptions,
  { environment, locations }: MessageSettings,
): void {
  const env = environment.variables(options.env);
  const path = environment.path();
  const cwd = options.cwd === undefined ? locations.pwdDir : fromHome("options.cwd", options.cwd);
  if (env.length > 0) message.env = env;
  if (path.length > 0) message.path = path;
  if (cwd !== undefined) message.cwd = cwd;
  if (locations.tmpDir !== undefined) message.tmp = locations.tmpDir;
  if (options.loginEnv === true) message.loginEnv = true;
}
