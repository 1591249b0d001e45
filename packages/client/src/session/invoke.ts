/* A call as a session takes it: SESSION.md, `open` and its route. */
import type { InvokeMessage, Route } from "@sremote/protocol";
import { addEnvironment, type CallSettings } from "../call/environment.ts";
import type { CallOptions } from "../call/options.ts";
import type { NewCall } from "../call/transport.ts";

/** The length of a route is written with two bytes; a little of it is left for what is added when the call is sent. */
const longestRoute = 65_535 - 256;

/** The beginning of an `invoke`. */
export function invokeHead({ module, function: fn, options, modules }: NewCall): string {
  const message: Omit<InvokeMessage, "args"> = { type: "invoke", module, function: fn };
  if (options.naiveTimeZone !== undefined) message.naiveTimeZone = options.naiveTimeZone;
  if (modules.size > 0) message.modules = Object.fromEntries(modules);
  if (options.returns === "object") message.returns = "object";
  if (options.objectTimeout !== undefined) message.leaseMs = options.objectTimeout;
  return JSON.stringify(message).slice(0, -1);
}

/**
 * What the supervisor must know of a call, as far as it is known when the call is made.
 * @param settings undefined where objects of the host are among the arguments: those have their process, and its environment, already
 */
export function routeOf(options: CallOptions, settings: CallSettings | undefined): Route {
  const route: Route = {};
  if (settings !== undefined && hasEnvironment(options, settings)) addEnvironment(route, options, settings);
  if (options.isolation === "call") route.isolation = "call";
  if (options.workerName !== undefined) route.worker = options.workerName;
  if (options.timeout !== undefined) route.timeoutMs = options.timeout;
  if (options.queueTimeout !== undefined) route.queueMs = options.queueTimeout;
  if (options.idleTimeout !== undefined) route.idleMs = options.idleTimeout;
  return route;
}

/** Whether the call finds anything but what its host has by itself. */
function hasEnvironment({ env, cwd, loginEnv }: CallOptions, { environment, locations }: CallSettings): boolean {
  if (env !== undefined || cwd !== undefined || loginEnv !== undefined) return true;
  return environment.variables.size > 0 || environment.path.length > 0 || locations.pwdDir !== undefined || locations.tmpDir !== undefined;
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
