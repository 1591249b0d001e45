/* Calls over live sessions: the message goes out on a stream of its own, and what comes back on that is the reply. */
import { type InvokeMessage, type Route, sessionLimits } from "@sremote/protocol";
import { addEnvironment, type CallSettings } from "../call/environment.ts";
import type { Invocation, Message } from "../call/invocation.ts";
import { type EncodePart, messageOf } from "../call/message.ts";
import { PendingArguments } from "../call/pending.ts";
import type { CallOptions } from "../call/options.ts";
import type { CapturedOutput } from "../call/result.ts";
import type { NewCall, Reply, Transport } from "../call/transport.ts";
import type { ObjectPlace } from "../object/remote-reference.ts";
import { Callbacks } from "./callbacks.ts";
import { confirmedError, failureOf, neverSentError } from "./failed-call.ts";
import { settleIn, type Settled, throwIfDependencyFailed } from "./kept-results.ts";
import type { Session } from "./session.ts";
import { type LiveSession, type Sessions, untilStarted } from "./sessions.ts";
import { StreamCall, type StreamResult } from "./stream-call.ts";
import { CallValues } from "./values.ts";

/** The length of a route is written with two bytes; a little of it is left for what is added when the call is sent. */
const longestRoute = 65_535 - 256;
/** Times a call is given to a new session because the one before ended without having got it. */
const mostSessions = 4;
/** Times a call is given to another worker of a session, since one has modules of before an edit: each of them ends. */
const mostRepeated = sessionLimits.workers;
const nothingPrinted: CapturedOutput = { bytes: new Uint8Array(), total: 0, truncated: false };

interface SessionMessage extends Message {
  readonly route: Route;
  /** Undefined where there are no arguments. */
  readonly values: CallValues | undefined;
  readonly place: ObjectPlace | undefined;
}

export class SessionTransport implements Transport {
  readonly name = "session";
  readonly #sessions: Sessions;
  readonly #settings: CallSettings;
  readonly #checkOpen: () => void;
  /** Functions of this program that calls under way were given. */
  readonly #callbacks = new Callbacks();

  /** @param checkOpen throws when no call is to be tried once more */
  constructor(sessions: Sessions, settings: CallSettings, checkOpen: () => void) {
    this.#sessions = sessions;
    this.#settings = settings;
    this.#checkOpen = checkOpen;
  }

  prepare(call: NewCall): SessionMessage | undefined {
    const { split, options, serializer, waits, place } = call;
    // An id of the caller's own asks for a durable result, which only files on the host give.
    if (options.id !== undefined) return undefined;
    const values = split.args.length === 0 && split.kwargs === undefined ? undefined : new CallValues(this.#callbacks, serializer);
    const encode: EncodePart = (...each) => (values ?? serializer).encode(...each);
    try {
      const head = invokeHead(call);
      const frame = waits ? undefined : messageOf(head, split, encode);
      const pending = waits ? new PendingArguments(head, split, encode) : undefined;
      // Objects of the host have their process, and its environment, already.
      const route = routeOf(call, values?.holdsObjects === true || place !== undefined ? undefined : this.#settings);
      if (!isTooLong(route)) return { frame, pending, route, values, place };
    } catch (error) {
      values?.forget();
      throw error;
    }
    values?.forget();
    return undefined;
  }

  async perform(call: Invocation<SessionMessage>): Promise<Reply> {
    const {
      message: { frame, values },
      context,
    } = call;
    try {
      let repeated = 0;
      for (let attempt = 1; ; attempt++) {
        const sending = call.untilCodeIsThere();
        if (sending !== undefined) await sending;
        const live = this.#session(call);
        // Not awaited where there is nothing to wait for: many calls made at once then go out one by one, while the next is made.
        const settled = frame === undefined ? await settleIn(() => live.session, call) : { frame };
        if (live.session.welcome === undefined || live.session.isOver) await untilStarted(live, call);
        const { session } = live;
        const stream = this.#open(session, settled, call);
        try {
          if (stream !== undefined) {
            const result = await stream.result;
            const { message } = result;
            if (message.error?.code === "code-edited" && ++repeated < mostRepeated) {
              call.notSent();
              attempt--;
              continue;
            }
            if (message.error?.code === "code-missing" && context.code !== undefined && attempt < mostSessions) {
              context.code.forget();
              call.notSent();
              continue;
            }
            // What the host could not read may have changed while it was sent.
            if (message.error?.code === "protocol-error") settled.frame.check();
            const sinks = call.passedOn();
            if (sinks !== undefined) await sinks;
            if (message.outcome === "cancelled") throw confirmedError(call, message);
            if (message.error !== undefined) await throwIfDependencyFailed(settled, message, call);
            return replyOf(result, session, stream, call);
          }
        } catch (error) {
          const failure = failureOf(error, call);
          if (failure !== undefined) throw failure;
        }
        call.notSent();
        this.#checkOpen();
        if (attempt === mostSessions) throw neverSentError(call);
      }
    } catch (error) {
      values?.forget();
      throw error;
    }
  }

  #session({ context, message }: Invocation<SessionMessage>): LiveSession {
    const held = message.values?.session ?? message.place?.session;
    const holding = held === undefined ? undefined : this.#sessions.holding(held);
    if (holding !== undefined) return holding;
    const known = this.#sessions.live.get(context.runtime);
    return known !== undefined && (known.isStarting || !known.session.isOver) ? known : this.#sessions.start(context.runtime);
  }

  /** Sends the message. @returns undefined when the session has ended before that */
  #open(session: Session, settled: Settled, call: Invocation<SessionMessage>): StreamCall | undefined {
    const { context, dependents: keep } = call;
    const { notes } = context;
    if (notes !== undefined) notes.sentBytes = settled.frame.size;
    try {
      if (call.ending !== undefined) throw call.endedError(false);
      const stream = new StreamCall(session, call, this.#callbacks, routeIn(session, settled, call), settled.frame, keep);
      call.sent(stream, keep);
      return stream;
    } catch (error) {
      if (session.isOver) return undefined;
      throw error;
    }
  }
}

/** The beginning of an `invoke`. */
function invokeHead({ module, function: fn, options, modules, code, each }: NewCall): string {
  const message: Omit<InvokeMessage, "args"> = { type: "invoke", module, function: fn };
  if (options.naiveTimeZone !== undefined) message.naiveTimeZone = options.naiveTimeZone;
  if (each !== undefined) message.each = each;
  if (modules.size > 0) message.modules = Object.fromEntries(modules);
  // Objects and results among the arguments choose the worker: it may be of another version.
  if (code !== undefined) message.code = [...code.digests];
  if (options.returns === "object") message.returns = "object";
  if (options.objectTimeout !== undefined) message.leaseMs = options.objectTimeout;
  return JSON.stringify(message).slice(0, -1);
}

/**
 * What the supervisor must know of a call, as far as it is known when the call is made.
 * @param settings undefined where objects of the host are among the arguments: those have their process, and its environment, already
 */
function routeOf({ options, code }: NewCall, settings: CallSettings | undefined): Route {
  const route: Route = {};
  if (settings !== undefined && (code !== undefined || hasEnvironment(options, settings))) addEnvironment(route, options, settings, code);
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
function isTooLong(route: Route): boolean {
  const { env, path, cwd, tmp, worker } = route;
  if (env === undefined && path === undefined && cwd === undefined && tmp === undefined && worker === undefined) return false;
  return Buffer.byteLength(JSON.stringify(route)) > longestRoute;
}

/** JSON, or no text for the default: equal configurations give equal text. */
function routeText(route: Route): string {
  const text = JSON.stringify(route);
  return text === "{}" ? "" : text;
}

/** The route of a call in this session. */
function routeIn(session: Session, { after }: Settled, { message, dependents }: Invocation<SessionMessage>): string {
  const { route, values, place } = message;
  const on = values?.workerIn(session) ?? (place?.session === session ? place.worker : undefined);
  if (on === undefined && after === undefined && dependents === 0) return routeText(route);
  const more: Route = {};
  if (on !== undefined) more.on = on;
  if (after !== undefined) more.after = after.stream;
  if (dependents > 0) more.keep = true;
  return routeText({ ...route, ...more });
}

function replyOf(result: StreamResult, session: Session, { thrown }: StreamCall, call: Invocation<SessionMessage>): Reply {
  const { message, attachments, bytes, worker } = result;
  const { values } = call.message;
  // Only what has annotations can stand for something on the host, which may use the callbacks as long as it lives.
  const holds = message.outcome === "value" && message.value?.meta !== undefined;
  if (!holds) values?.forget();
  const place = holds ? { session, worker, forgetCallbacks: () => values?.forget() } : undefined;
  // An item of a generator has no output of its own: it belongs to the call that gave the generator, and may be long.
  const isItem = call.isItem && message.outcome === "value";
  const stdout = isItem ? nothingPrinted : call.captured("stdout");
  const stderr = isItem ? nothingPrinted : call.captured("stderr");
  return { message, host: session.welcome!.host, attachments, bytes, stdout, stderr, place, thrown };
}
