/* Calls of a client: which way each takes, and what its reply becomes. */
import type { Connector } from "@sremote/connectors";
import { InvalidArgumentError, SremoteError } from "@sremote/protocol";
import { Call, type CallContext } from "./call.ts";
import { type CallArguments, type CallOptions, checkCall, type Runtime, type SplitArguments } from "./call-options.ts";
import { buildInvocation, buildRequest, RouteTooLong } from "./call-request.ts";
import { type CallResult, type FetchedReply, outputText } from "./call-result.ts";
import type { HostEnvironment } from "./host-environment.ts";
import type { Locations } from "./locations.ts";
import { errorFromReply } from "./remote-failure.ts";
import type { Serializer } from "./serializer.ts";
import { addDependent } from "./session/dependencies.ts";
import { type Hosted, objectModule } from "./session/hosted.ts";
import { RemoteIterable } from "./session/remote-iterable.ts";
import { RemoteObject } from "./session/remote-object.ts";
import { NotSent, runOverSession, type StreamReply } from "./session/run-call.ts";
import { checkEncodable, decodeResult, ResultOf } from "./session/session-values.ts";
import type { StreamTransport } from "./session/stream-transport.ts";
import type { SpoolTransport } from "./spool/spool-transport.ts";

export interface CallsSettings {
  readonly connector: Connector;
  readonly runtime: Runtime;
  readonly environment: HostEnvironment;
  readonly locations: Locations;
  readonly modules: ReadonlyMap<Runtime, ReadonlyMap<string, string | null>>;
  readonly spool: SpoolTransport;
  /** Undefined where calls always go over files. */
  readonly stream: StreamTransport | undefined;
  serializer(): Serializer;
  /** @throws SremoteError `closed` */
  checkOpen(): void;
}

/** Options that only a session can keep. */
const ofSessions = ["queueTimeout", "idleTimeout", "worker", "returns", "lease"] as const;
/** Times a call is given to a new session because the one before ended without having got it. */
const sessions = 4;
const noModules: ReadonlyMap<string, string | null> = new Map();

interface Plan {
  module: string;
  fn: string;
  split: SplitArguments;
  options: CallOptions;
  runtime: Runtime;
}

export class Calls {
  readonly #settings: CallsSettings;

  constructor(settings: CallsSettings) {
    this.#settings = settings;
  }

  call<T>(module: string, fn: string, args: CallArguments, options: CallOptions, context: CallContext = {}): Call<T> {
    let plan: Plan | undefined;
    let refused: { error: unknown } | undefined;
    try {
      const split = checkCall(module, fn, args, options);
      this.#settings.checkOpen();
      plan = { module, fn, split, options, runtime: options.runtime ?? this.#settings.runtime };
      for (const argument of callsAmong(split)) addDependent(argument);
    } catch (error) {
      refused = { error };
    }
    // A call whose options are wrong is a call that rejects; nothing of them is used then.
    return new Call<T>(
      refused === undefined ? options : {},
      (call) => {
        if (plan === undefined) throw refused!.error;
        return this.#run<T>(call, plan);
      },
      context,
    );
  }

  async #run<T>(call: Call<T>, plan: Plan): Promise<CallResult<T>> {
    const { stream } = this.#settings;
    // An id of the caller's own asks for a durable result, which only files on the host give.
    if (stream === undefined || plan.options.id !== undefined) return await this.#overSpool(call, plan);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#overStream(call, plan, stream);
      } catch (error) {
        if (error instanceof RouteTooLong) return await this.#overSpool(call, plan);
        if (!(error instanceof NotSent)) throw error;
        this.#settings.checkOpen();
        if (attempt === sessions)
          throw new SremoteError("connection-lost", `${what(plan)} was not run: session after session ended before it could be sent`, {
            host: this.#settings.connector.label,
          });
      }
    }
  }

  async #overStream<T>(call: Call<T>, plan: Plan, stream: StreamTransport): Promise<CallResult<T>> {
    const { environment, locations, modules, connector } = this.#settings;
    const { module, fn, options, runtime } = plan;
    const serializer = this.#settings.serializer();
    if (!stream.has(runtime)) {
      const isCall = (part: object): boolean => part instanceof Call;
      checkEncodable(plan.split.args, "args", serializer, isCall);
      if (plan.split.kwargs !== undefined) checkEncodable(plan.split.kwargs, "kwargs", serializer, isCall);
    }
    const live = stream.session(runtime);
    // Not awaited where there is nothing to wait for: many calls made at once then go out one by one, while the next is made.
    const { split, after } = callsAmong(plan.split).length === 0 ? { split: plan.split } : await this.#resolveArguments(plan, call);
    const internal = module === objectModule;
    const reply = await runOverSession(live, {
      call,
      what: what(plan),
      host: connector.label,
      serializer,
      outputLimit: options.outputLimit,
      build: (values, keep) =>
        buildInvocation(module, fn, split, options, {
          runtime,
          environment,
          locations,
          modules: internal ? noModules : (modules.get(runtime) ?? noModules),
          values,
          after,
          keep,
        }),
    });
    return this.#toResult(reply, plan, (value) =>
      decodeResult(value, reply.attachments, serializer, (kind, id, type) => this.#host(kind, id, type, reply, call, plan)),
    );
  }

  /** Arguments that are calls: their result is kept on the host where that can be, else waited for. */
  async #resolveArguments(plan: Plan, call: Call): Promise<{ split: SplitArguments; after?: number | undefined }> {
    const { split, options, runtime } = plan;
    let after: number | undefined;
    const live = this.#settings.stream?.session(runtime);
    const substitute = async (value: unknown): Promise<unknown> => {
      if (!(value instanceof Call)) return value;
      if (value === call) throw new InvalidArgumentError("args", "another call than this one");
      await value.untilSent();
      const place = value.place;
      const fits = place !== undefined && place.session === live?.session && options.worker === undefined && options.isolation !== "call";
      if (!fits || !value.isKept || (after !== undefined && after !== place.stream)) return await value.value;
      after = place.stream;
      return new ResultOf(place.stream);
    };
    const args: unknown[] = [];
    for (const each of split.args) args.push(await substitute(each));
    let kwargs: Record<string, unknown> | undefined;
    if (split.kwargs !== undefined) {
      kwargs = {};
      for (const [name, value] of Object.entries(split.kwargs)) kwargs[name] = await substitute(value);
    }
    return { split: { args, kwargs }, after };
  }

  /** What stays on the host, as an object of this side. */
  #host(kind: "object" | "iterator", id: number, type: string, reply: StreamReply, call: Call, plan: Plan): RemoteObject | RemoteIterable {
    const { place, callbacks } = reply;
    const { session } = place;
    const { timeout, signal, prefetch = 0 } = plan.options;
    const isIterator = kind === "iterator";
    // What a generator prints belongs to the call that gave it.
    const outputs = isIterator ? ([call.stdout, call.stderr] as const) : undefined;
    const always = isIterator ? { timeout, signal } : {};
    const hosted: Hosted = {
      place,
      id,
      callbacks,
      perform: (fn, args, options) => this.call(objectModule, fn, args, { ...always, ...options, runtime: plan.runtime }, { outputs }),
    };
    session.hold();
    if (!isIterator) return new RemoteObject(type, hosted);
    return new RemoteIterable(hosted, prefetch, (error) => {
      session.letGo();
      call.stdout.end(error);
      call.stderr.end(error);
    });
  }

  async #overSpool<T>(call: Call<T>, plan: Plan): Promise<CallResult<T>> {
    const { spool, environment, locations, modules } = this.#settings;
    const { module, fn, options, runtime } = plan;
    for (const name of ofSessions) {
      if (options[name] !== undefined && options[name] !== "value") {
        throw new SremoteError("unsupported", `options.${name} needs a session, and this call goes over files on the host`, {
          host: this.#settings.connector.label,
          hint: options.id === undefined ? "the connector cannot start live processes" : "leave options.id out",
        });
      }
    }
    call.sent(undefined);
    const { split } = await this.#resolveArguments(plan, call);
    const { base } = spool.located(runtime);
    const serializer = this.#settings.serializer();
    const release = options.id === undefined ? spool.releases.take(base) : [];
    const abort = new AbortController();
    call.onCancel((reason) => abort.abort(reason));
    let reply: FetchedReply;
    try {
      const request = buildRequest(
        module,
        fn,
        split,
        { ...options, signal: abort.signal },
        {
          runtime,
          environment,
          locations,
          modules: modules.get(runtime) ?? noModules,
          serializer,
          release,
          callId: call.id,
        },
      );
      reply = await spool.call(request);
    } catch (error) {
      spool.releases.giveBack(base, release);
      throw error;
    }
    await feed(call, reply);
    return this.#toResult(reply, plan, (value) => serializer.decode(value, reply.attachments));
  }

  #toResult<T>(
    reply: FetchedReply & Partial<StreamReply>,
    plan: Plan,
    decode: (value: NonNullable<FetchedReply["message"]["value"]>) => unknown,
  ): CallResult<T> {
    const { message, stdout, stderr } = reply;
    if (message.outcome !== "value" || message.value === undefined) {
      reply.place?.callbacks.remove(reply.callbacks ?? []);
      throw errorFromReply(reply, what(plan), this.#settings.connector.label, reply.thrown);
    }
    const value = decode(message.value) as T;
    // Whatever may still use them on the host lets them go itself.
    if (!(value instanceof RemoteObject || value instanceof RemoteIterable)) reply.place?.callbacks.remove(reply.callbacks ?? []);
    return {
      value,
      stdout: outputText(stdout),
      stderr: outputText(stderr),
      output: { stdout, stderr },
      usage: message.usage,
      host: message.host,
      modules: message.modules ?? {},
      callId: message.id,
    };
  }
}

/** `os.getenv`, and `next of a generator` for what objects do. */
function what({ module, fn }: Plan): string {
  return module === objectModule ? `${fn} of an object` : `${module}.${fn}`;
}

function callsAmong({ args, kwargs }: SplitArguments): Call[] {
  const found = args.filter((each) => each instanceof Call);
  if (kwargs !== undefined) found.push(...Object.values(kwargs).filter((each) => each instanceof Call));
  return found;
}

/** Over files the output comes with the reply; whoever reads it live gets it then. */
async function feed(call: Call, reply: FetchedReply): Promise<void> {
  for (const [output, { bytes, total }] of [
    [call.stdout, reply.stdout],
    [call.stderr, reply.stderr],
  ] as const) {
    if (bytes.length > 0) output.feed(bytes);
    output.totals(total);
    await output.passedOn();
  }
}
