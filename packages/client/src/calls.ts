/* Calls of a client: which way each takes, and what its reply becomes. */
import type { Connector } from "@sremote/connectors";
import { limits, type Route, SremoteError } from "@sremote/protocol";
import { callsAmong, encodeArguments, type EncodePart, PendingArguments } from "./call/arguments.ts";
import { Call, type CallContext } from "./call/call.ts";
import { CallNotes } from "./events/call-notes.ts";
import type { Watchers } from "./events/watchers.ts";
import { CallFrame } from "./call/frame.ts";
import { newCallId } from "./call/id.ts";
import { type CallArguments, type CallOptions, checkCall, type Runtime, type SplitArguments } from "./call/options.ts";
import { callHead, invokeHead, isTooLong, type MessageHead, routeOf, routeText } from "./call/request.ts";
import { type CallResult, type FetchedReply, outputSoFar, outputText } from "./call/result.ts";
import { environmentModules } from "./install/internal-call.ts";
import type { HostEnvironment } from "./call/environment.ts";
import type { Locations } from "./host/locations.ts";
import { dependencyFailed, errorFromReply } from "./call/failure.ts";
import type { Serializer } from "./call/serializer.ts";
import { Callbacks } from "./session/callbacks.ts";
import { addDependent } from "./call/dependencies.ts";
import { type RemoteReference, objectModule } from "./object/remote-reference.ts";
import { RemoteIterable } from "./object/remote-iterable.ts";
import { RemoteObject } from "./object/remote-object.ts";
import { NotSent, runOverSession, type StreamReply } from "./session/session-transport.ts";
import { CallValues, decodeResult, ResultOf } from "./session/values.ts";
import type { StreamTransport } from "./session/sessions.ts";
import type { SpoolTransport } from "./spool/spool-transport.ts";

export interface CallsSettings {
  readonly connector: Connector;
  readonly runtime: Runtime;
  readonly environment: HostEnvironment;
  readonly locations: Locations;
  readonly modules: ReadonlyMap<Runtime, ReadonlyMap<string, string | null>>;
  readonly spool: SpoolTransport;
  readonly watchers: Watchers;
  /** Undefined where calls always go over files. */
  readonly stream: StreamTransport | undefined;
  serializer(): Serializer;
  /** @throws SremoteError `closed` */
  checkOpen(): void;
}

/** Options that only a session can keep. */
const ofSessions = ["queueTimeout", "idleTimeout", "workerName", "returns", "objectTimeout"] as const;
/** Times a call is given to a new session because the one before ended without having got it. */
const sessions = 4;
const noModules: ReadonlyMap<string, string | null> = new Map();
const noOptions: CallOptions = Object.freeze({});

/** A call as it was made: what is done later reads nothing of the caller's own. */
interface Plan {
  readonly options: CallOptions;
  readonly runtime: Runtime;
  readonly serializer: Serializer;
  /** For messages, as {@link CallContext.what}. */
  readonly what: string;
  /** Only where it goes over a session. */
  readonly session: { readonly route: Route; readonly values: CallValues } | undefined;
  /** Undefined where it waits for the results of other calls. */
  readonly frame: CallFrame | undefined;
  /** What is waited for then, and the message without it. */
  readonly pending: { readonly head: MessageHead; readonly args: PendingArguments } | undefined;
}

export class Calls {
  readonly #settings: CallsSettings;
  /** Functions of this program that calls under way were given. */
  readonly #callbacks = new Callbacks();

  constructor(settings: CallsSettings) {
    this.#settings = settings;
  }

  call<T>(
    module: string,
    fn: string,
    args: CallArguments,
    options: CallOptions,
    context: Omit<CallContext, "what" | "host" | "hasOwnId" | "notes"> = {},
  ): Call<T> {
    const id = options?.id ?? newCallId();
    let plan: Plan | undefined;
    let refused: { error: unknown } | undefined;
    try {
      const split = checkCall(module, fn, args, options);
      this.#settings.checkOpen();
      const among = callsAmong(split);
      plan = this.#plan(id, module, fn, split, options === undefined ? noOptions : { ...options }, among.length > 0);
      for (const argument of among) {
        addDependent(argument);
        // That it failed, the call that needs it says.
        argument.settled.catch(() => undefined);
      }
    } catch (error) {
      refused = { error };
    }
    // A call whose options are wrong is a call that rejects; nothing of them is used then.
    return new Call<T>(
      id,
      plan?.options ?? noOptions,
      (call) => {
        if (plan === undefined) throw refused!.error;
        return this.#run<T>(call, plan);
      },
      {
        what: plan?.what ?? what(module, fn),
        host: this.#settings.connector.label,
        outputs: context.outputs,
        site: context.site,
        isPlain: context.isPlain,
        hasOwnId: plan?.options.id !== undefined,
        // A call that is refused is none.
        notes: plan !== undefined && this.#settings.watchers.wantCalls ? this.#notes(id, module, fn, plan) : undefined,
      },
    );
  }

  #notes(id: string, module: string, fn: string, { runtime, session }: Plan): CallNotes {
    const { connector, watchers } = this.#settings;
    return new CallNotes(watchers, {
      host: connector.label,
      runtime,
      id,
      module,
      function: fn,
      transport: session === undefined ? "spool" : "session",
    });
  }

  /** Takes the arguments, so that nothing that happens to them afterwards changes what is sent. */
  #plan(id: string, module: string, fn: string, split: SplitArguments, options: CallOptions, waits: boolean): Plan {
    const { environment, locations } = this.#settings;
    const runtime = options.runtime ?? this.#settings.runtime;
    const serializer = this.#settings.serializer();
    const modules = module === objectModule ? noModules : (this.#settings.modules.get(runtime) ?? noModules);
    const settings = { environment, locations, modules };
    // An id of the caller's own asks for a durable result, which only files on the host give.
    if (this.#settings.stream !== undefined && options.id === undefined) {
      const values = new CallValues(this.#callbacks, serializer);
      try {
        const head = invokeHead(module, fn, options, modules);
        const { frame, pending } = take(split, head, (...each) => values.encode(...each), waits);
        const route = routeOf(options, settings, values.holdsObjects);
        const session = { route, values };
        if (!isTooLong(route)) return { what: what(module, fn), options, runtime, serializer, session, frame, pending };
      } catch (error) {
        values.forget();
        throw error;
      }
      values.forget();
    }
    const head = callHead(id, module, fn, options, settings);
    const { frame, pending } = take(split, head, (...each) => serializer.encode(...each), waits);
    return { what: what(module, fn), options, runtime, serializer, session: undefined, frame, pending };
  }

  /** One async function for each level of what it does: each more costs every call that is under way a fifth of a kilobyte. */
  #run<T>(call: Call<T>, plan: Plan): Promise<CallResult<T>> {
    return plan.session === undefined ? this.#overSpool(call, plan) : this.#overStream(call, plan, plan.session);
  }

  async #overStream<T>(call: Call<T>, plan: Plan, { route, values }: NonNullable<Plan["session"]>): Promise<CallResult<T>> {
    const { serializer } = plan;
    const host = this.#settings.connector.label;
    try {
      for (let attempt = 1; ; attempt++) {
        const live = this.#settings.stream!.session(plan.runtime);
        // Not awaited where there is nothing to wait for: many calls made at once then go out one by one, while the next is made.
        const { frame, after, kept } = plan.frame === undefined ? await this.#settle(call, plan) : { frame: plan.frame };
        const { notes } = call;
        if (notes !== undefined) notes.sentBytes = frame.size;
        let reply: StreamReply;
        try {
          reply = await runOverSession(live, {
            call,
            what: plan.what,
            host,
            serializer,
            callbacks: this.#callbacks,
            given: values.callbacks,
            outputLimit: plan.options.outputLimit,
            build: (session, keep) => {
              const on = values.workerIn(session);
              const more: Route = {};
              if (on !== undefined) more.on = on;
              if (after !== undefined) more.after = after;
              if (keep > 0) more.keep = true;
              const whole = on === undefined && after === undefined && keep === 0 ? route : { ...route, ...more };
              return { route: routeText(whole), frame: frame.chunks(keep > 0 ? `,"keep":${keep}` : ""), source: frame };
            },
          });
        } catch (error) {
          if (!(error instanceof NotSent)) throw error;
          this.#again(call, plan, attempt);
          continue;
        }
        if (notes !== undefined) notes.receivedBytes = reply.bytes;
        if (kept !== undefined && reply.message.error?.code === "dependency-failed") {
          const cause = await failureOf(kept);
          throw dependencyFailed(cause, { what: plan.what, host, callId: call.id }, reply.message.error);
        }
        return this.#toResult(reply, plan, call, (value) =>
          decodeResult(value, reply.attachments, serializer, (kind, id, type) => this.#host(kind, id, type, reply, call, plan)),
        );
      }
    } catch (error) {
      values.forget();
      throw error;
    }
  }

  /** The session ended before the call could be sent. @throws SremoteError when it is not to be tried once more */
  #again(call: Call, plan: Plan, attempt: number): void {
    call.notSent();
    this.#settings.checkOpen();
    if (attempt < sessions) return;
    throw new SremoteError("connection-lost", `${plan.what} was not run: each new session ended before it could be sent`, {
      host: this.#settings.connector.label,
    });
  }

  /** Waits for arguments that are calls: their result is kept on the host where that can be. */
  async #settle(waiting: Call, plan: Plan): Promise<{ frame: CallFrame; after?: number | undefined; kept?: Call | undefined }> {
    waiting.waitsFor = () => "the results of calls among its arguments";
    const { options, runtime, session } = plan;
    const { head, args } = plan.pending!;
    let after: number | undefined;
    let kept: Call | undefined;
    const live = session === undefined ? undefined : this.#settings.stream?.session(runtime);
    const { text, attachments, pins } = await args.settle(async (call) => {
      await call.untilSent();
      const place = call.place;
      const fits =
        place !== undefined && place.session === live?.session && options.workerName === undefined && options.isolation !== "call";
      if (!fits || !call.isKept || (after !== undefined && after !== place.stream))
        return await valueOf(call, waiting, plan, this.#settings.connector.label);
      after = place.stream;
      kept = call;
      return new ResultOf(place.stream);
    });
    return { frame: new CallFrame(head + text, attachments, pins), after, kept };
  }

  /** What stays on the host, as an object of this side. */
  #host(kind: "object" | "iterator", id: number, type: string, reply: StreamReply, call: Call, plan: Plan): RemoteObject | RemoteIterable {
    const { place, callbacks } = reply;
    const { session } = place;
    const { timeout, signal, outputLimit, prefetch = 0 } = plan.options;
    const isIterator = kind === "iterator";
    // What a generator prints belongs to the call that gave it.
    const outputs = isIterator ? ([call.stdout, call.stderr] as const) : undefined;
    const always = isIterator ? { timeout, signal, outputLimit } : {};
    const reference: RemoteReference<Call> = {
      place,
      id,
      callbacks,
      limits: always,
      perform: (fn, args, options) => this.call(objectModule, fn, args, { ...always, ...options, runtime: plan.runtime }, { outputs }),
    };
    session.hold();
    if (!isIterator) return new RemoteObject(type, reference);
    return new RemoteIterable(reference, prefetch, (error) => {
      session.letGo();
      call.stdout.end(error);
      call.stderr.end(error);
    });
  }

  async #overSpool<T>(call: Call<T>, plan: Plan): Promise<CallResult<T>> {
    const { spool } = this.#settings;
    const { options, runtime, serializer } = plan;
    const refuse = (feature: string): never => {
      throw new SremoteError("unsupported", `${feature} needs a session, and this call goes over files on the host`, {
        host: this.#settings.connector.label,
        hint: options.id === undefined ? "the connector cannot start live processes" : "leave options.id out",
      });
    };
    for (const name of ofSessions) {
      if (options[name] !== undefined && options[name] !== "value") refuse(`options.${name}`);
    }
    // The function must not run for a result that cannot come back.
    if (call.isIterated) refuse("iterating over the items of a call");
    call.sent(undefined);
    const frame = plan.frame ?? (await this.#settle(call, plan)).frame;
    const { notes } = call;
    if (notes !== undefined) notes.sentBytes = frame.size;
    const { base } = spool.located(runtime);
    // Not with an id of the caller's: a repetition must be the same bytes, else the host takes it for another request.
    const release = options.id === undefined ? spool.releases.take(base) : [];
    const abort = new AbortController();
    call.onEnding(({ reason }) => abort.abort(reason));
    call.waitsFor = () => "the host to take it";
    let reply: FetchedReply;
    try {
      reply = await spool.call({
        id: call.id,
        runtime,
        what: plan.what,
        frame: frame.input(release.length === 0 ? "" : `,"release":${JSON.stringify(release)}`),
        check: () => frame.check(),
        onSent: () => call.mayRun(),
        timeout: options.timeout,
        signal: abort.signal,
        outputLimit: options.outputLimit ?? limits.output,
        install: false,
        repeatable: options.id !== undefined,
      });
    } catch (error) {
      spool.releases.giveBack(base, release);
      throw this.#endedOverSpool(call, plan, error) ?? error;
    }
    if (notes !== undefined) notes.receivedBytes = reply.bytes;
    await feed(call, reply);
    return this.#toResult(reply, plan, call, (value) => serializer.decode(value, reply.attachments));
  }

  /** The error of a call over files that its caller or a deadline has ended, unless the host may have it and was told to end it. */
  #endedOverSpool(call: Call, plan: Plan, error: unknown): SremoteError | undefined {
    const { ending } = call;
    if (ending === undefined || !(error instanceof SremoteError) || error.code !== "cancelled") return undefined;
    return ending.kind === "timeout" || !call.isSentOff ? call.endedError(call.isSentOff) : undefined;
  }

  #toResult<T>(
    reply: FetchedReply & Partial<StreamReply>,
    plan: Plan,
    call: Call,
    decode: (value: NonNullable<FetchedReply["message"]["value"]>) => unknown,
  ): CallResult<T> {
    const { message, stdout, stderr } = reply;
    if (message.outcome !== "value" || message.value === undefined) {
      reply.place?.callbacks.remove(reply.callbacks ?? []);
      throw errorFromReply(reply, plan.what, this.#settings.connector.label, reply.thrown);
    }
    const value = decode(message.value) as T;
    // Whatever may still use them on the host lets them go itself.
    if (!(value instanceof RemoteObject || value instanceof RemoteIterable)) reply.place?.callbacks.remove(reply.callbacks ?? []);
    const rest = { usage: message.usage, host: message.host, modules: message.modules ?? {}, callId: message.id };
    if (value instanceof RemoteIterable) return Object.assign(outputSoFar(call), { value, ...rest });
    return { value, stdout: outputText(stdout), stderr: outputText(stderr), output: { stdout, stderr }, ...rest };
  }
}

/** `os.getenv`, and `next of a generator` for what objects do. */
function what(module: string, fn: string): string {
  if (fn === "constant" && Object.values(environmentModules).includes(module)) return "reading a constant";
  return module === objectModule ? `${fn} of an object` : `${module}.${fn}`;
}

/** The value of a call that is an argument of another. @throws RemoteExecError `dependency-failed` */
async function valueOf(call: Call, waiting: Call, plan: Plan, host: string): Promise<unknown> {
  try {
    return await call.value;
  } catch (error) {
    throw dependencyFailed(error, { what: plan.what, host, callId: waiting.id });
  }
}

/** What a call rejected with, if it did. */
async function failureOf(call: Call): Promise<unknown> {
  try {
    await call.settled;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The message, made now; or what it waits for, where calls are among the arguments. */
function take(split: SplitArguments, head: MessageHead, encode: EncodePart, waits: boolean): Pick<Plan, "frame" | "pending"> {
  if (waits) return { frame: undefined, pending: { head, args: new PendingArguments(split, encode) } };
  const { text, attachments, pins } = encodeArguments(split, encode);
  return { frame: new CallFrame(head + text, attachments, pins), pending: undefined };
}

/** Over files the output comes with the reply; whoever reads it live gets it then. */
async function feed(call: Call, reply: FetchedReply): Promise<void> {
  for (const [output, { bytes, total }] of [
    [call.stdout, reply.stdout],
    [call.stderr, reply.stderr],
  ] as const) {
    if (bytes.length > 0) output.feed(bytes);
    output.missed(total - bytes.length);
    await output.passedOn();
  }
}
