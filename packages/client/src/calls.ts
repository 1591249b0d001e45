/* Calls of a client: which transport each takes, and what its reply becomes. */
import type { Failure } from "@sremote/protocol";
import { Call } from "./call/call.ts";
import { checkCall } from "./call/check-options.ts";
import { environmentModules } from "./call/environment.ts";
import { errorFromReply } from "./call/failure.ts";
import type { ItemReceiver } from "./call/item-receiver.ts";
import { Invocation, type Message, newCallId } from "./call/invocation.ts";
import type { CallArguments, CallOptions, Runtime } from "./call/options.ts";
import type { CallOutput } from "./call/output.ts";
import { callsAmong } from "./call/pending.ts";
import { type CallResult, outputSoFar, outputText } from "./call/result.ts";
import { defaultSerializer, type Serializer } from "./call/serializer.ts";
import { type CallSite, withCallSite } from "./call/site.ts";
import type { NewCall, Reply, Transport } from "./call/transport.ts";
import { CallNotes } from "./events/call-notes.ts";
import { callChannel, type Watchers } from "./events/watchers.ts";
import { valueWithHeld } from "./object/held-result.ts";
import type { ClientCode } from "./code/client-code.ts";
import { ownModuleHint } from "./code/own-module.ts";
import { RemoteIterable } from "./object/remote-iterable.ts";
import { objectModule, type ObjectPlace, referenceOf } from "./object/remote-reference.ts";

export interface CallsSettings {
  /** The connector's label. */
  readonly host: string;
  readonly runtime: Runtime;
  readonly modules: ReadonlyMap<Runtime, ReadonlyMap<string, string | null>>;
  readonly watchers: Watchers;
  /** Asked in this order to take a call; the last takes any. */
  readonly transports: readonly Transport[];
  /** Undefined for calls that take code there. */
  code(): ClientCode | undefined;
  serializer(): Serializer;
  /** @throws SremoteError `closed` */
  checkOpen(): void;
}

/** How a call was made. */
interface CallOrigin {
  /** Where in the program, unless the engine can say so itself. */
  readonly site: CallSite | undefined;
  readonly isPlain: boolean;
  readonly outputs: readonly [stdout: CallOutput, stderr: CallOutput] | undefined;
  readonly purpose: CallPurpose | undefined;
  readonly each?: "item" | "args" | undefined;
  /** With `each`. */
  readonly receiver?: ((call: Invocation) => ItemReceiver) | undefined;
  /** Where what it acts on stays, though that is not among its arguments. */
  readonly place?: ObjectPlace | undefined;
}

/** What a call is for, where that is not what its function says. */
export interface CallPurpose {
  /** For messages, in place of the function's name. */
  readonly what: string;
  /** Looks at what the call was made with. @throws InvalidArgumentError */
  check?: () => void;
  /** Adds to a failure what the host does not know. */
  explain?: (failure: Failure) => void;
  /** What becomes of the call's result, or of its error. */
  finish?: (running: Promise<CallResult>) => Promise<CallResult>;
}

/** A function that is called for many items. */
export interface MappedCall {
  readonly module: string;
  readonly fn: string;
  readonly each: "item" | "args";
  readonly options: CallOptions;
  readonly outputs: readonly [stdout: CallOutput, stderr: CallOutput];
}

const noModules: ReadonlyMap<string, string | null> = new Map();
const noOptions: CallOptions = Object.freeze({});
const noCalls: readonly Invocation[] = [];
const noMessage: Message = { frame: undefined, pending: undefined };
const nextTurn = Promise.resolve();

export class Calls {
  readonly #settings: CallsSettings;

  constructor(settings: CallsSettings) {
    this.#settings = settings;
  }

  /** @param outputs those of another call, to which it belongs */
  call<T>(module: string, fn: string, args: CallArguments, options: CallOptions, origin: Partial<CallOrigin> = {}): Call<T> {
    const { site, outputs, purpose, place } = origin;
    const call = this.#begin(module, fn, args, options, { site, outputs, purpose, place, isPlain: false });
    return new Call<T>(call, call.result as Promise<CallResult<T>>);
  }

  /** As {@link call}, where only the result is wanted. Awaited itself, the promise lets the engine show the caller in an error's stack. */
  result(module: string, fn: string, args: CallArguments, options: CallOptions, site: CallSite | undefined): Promise<CallResult> {
    return this.#begin(module, fn, args, options, { site, outputs: undefined, purpose: undefined, isPlain: true }).result;
  }

  /** A call with many items. What comes of them, `receiver` takes; the call's own value is nothing. */
  items(mapped: MappedCall, items: readonly unknown[], receiver: (call: Invocation) => ItemReceiver): Invocation {
    const { module, fn, options, outputs, each } = mapped;
    return this.#begin(module, fn, items, options, { site: undefined, outputs, purpose: undefined, isPlain: false, each, receiver });
  }

  /** Puts files of this machine in the place of those that were shipped. */
  localize(failure: Failure): Failure {
    return this.#settings.code()?.localize(failure) ?? failure;
  }

  #begin(module: string, fn: string, args: CallArguments, given: CallOptions, origin: CallOrigin): Invocation {
    const id = given?.id ?? newCallId();
    const { host } = this.#settings;
    const { outputs, isPlain, site, purpose, place, each, receiver } = origin;
    const items: ItemReceiver | undefined = receiver && { take: (...message) => receiver(call).take(...message) };
    const about = { what: purpose?.what ?? what(module, fn), host, outputs, isPlain, items, explain: purpose?.explain };
    let call: Invocation;
    let transport: Transport | undefined;
    let refused: unknown;
    try {
      purpose?.check?.();
      const split = checkCall(module, fn, args, given);
      this.#settings.checkOpen();
      const awaited = split.args.length === 0 && split.kwargs === undefined ? noCalls : callsAmong(split);
      const options = given === undefined ? noOptions : { ...given };
      const runtime = options.runtime ?? this.#settings.runtime;
      const modules = module === objectModule ? noModules : (this.#settings.modules.get(runtime) ?? noModules);
      const serializer = this.#settings.serializer();
      const code = module === objectModule ? undefined : this.#settings.code()?.look(runtime);
      const made = { id, module, function: fn, split, waits: awaited.length > 0, options, runtime, serializer, modules, code, each, place };
      let message: Message;
      [transport, message] = this.#prepare(made);
      call = new Invocation(id, options, message, { ...about, runtime, serializer, code, notes: this.#notes(made, transport) });
      for (const one of awaited) one.addDependent();
    } catch (error) {
      refused = error;
      // A call whose options are wrong is a call that rejects; nothing of them is used then.
      const { runtime } = this.#settings;
      call = new Invocation(id, noOptions, noMessage, {
        ...about,
        runtime,
        serializer: defaultSerializer,
        code: undefined,
        notes: undefined,
      });
    }
    const running = this.#carryOut(call, transport, refused, site);
    call.result = purpose?.finish === undefined ? running : purpose.finish(running);
    return call;
  }

  #prepare(call: NewCall): [Transport, Message] {
    for (const transport of this.#settings.transports) {
      const message = transport.prepare(call);
      if (message !== undefined) return [transport, message];
    }
    throw new TypeError("the last transport refuses a call, and must take any");
  }

  /** Only where a handler is to be told of the call. */
  #notes({ id, module, function: fn, runtime }: NewCall, transport: Transport): CallNotes | undefined {
    const { watchers, host } = this.#settings;
    if (!callChannel.hasSubscribers && watchers.handlers.call.size === 0) return undefined;
    return new CallNotes(watchers, { host, runtime, id, module, function: fn, transport: transport.name });
  }

  /**
   * One async function from here to the transport, and its promise is awaited in one place only: then the engine puts the caller of `doRemoteCall`
   * into the stack of errors, at no cost.
   */
  async #carryOut(call: Invocation, transport: Transport | undefined, refused: unknown, site: CallSite | undefined): Promise<CallResult> {
    // In the next microtask: calls that follow in the same turn may take the result as an argument, and share a packet of the network.
    await nextTurn;
    try {
      if (transport === undefined) throw refused;
      if (call.ending !== undefined) throw call.endedError(false);
      const result = call.canBeGivenUp
        ? await call.orGivenUp(this.#perform(call, transport), letGo)
        : this.#toResult(await transport.perform(call), call);
      call.succeeded(result.value instanceof RemoteIterable);
      return result;
    } catch (error) {
      call.failed(error);
      throw site === undefined ? error : withCallSite(error, site);
    }
  }

  async #perform(call: Invocation, transport: Transport): Promise<CallResult> {
    return this.#toResult(await transport.perform(call), call);
  }

  #toResult(reply: Reply, call: Invocation): CallResult {
    const { message, host, stdout, stderr, place } = reply;
    const { what: name, serializer, notes, explain } = call.context;
    if (notes !== undefined) notes.receivedBytes = reply.bytes;
    call.context.items?.take(message, reply.attachments);
    if (call.context.items !== undefined) place?.forgetCallbacks();
    if (message.error !== undefined) explain?.(message.error);
    if (message.outcome !== "value" || message.value === undefined) {
      const { host: label } = this.#settings;
      const hint = message.error?.code === "module-not-found" ? ownModuleHint(name, call.context.runtime) : undefined;
      throw errorFromReply(reply, {
        what: name,
        host: label,
        callId: call.id,
        hint,
        localize: (failure) => this.localize(failure),
      });
    }
    const value =
      call.context.items !== undefined
        ? undefined
        : place === undefined
          ? serializer.decode(message.value, reply.attachments)
          : valueWithHeld(message.value, reply.attachments, place, call, (fn, args, options, outputs) =>
              this.call(objectModule, fn, args, options, { outputs, place }),
            );
    const rest = { usage: message.usage, host, modules: message.modules ?? {}, callId: call.id };
    if (value instanceof RemoteIterable) return Object.assign(outputSoFar(call), { value, ...rest });
    return { value, stdout: outputText(stdout), stderr: outputText(stderr), output: { stdout, stderr }, ...rest };
  }
}

/** `os.getenv`, and `next of an object` for what objects do. */
function what(module: string, fn: string): string {
  if (fn === "constant" && Object.values(environmentModules).includes(module)) return "reading a constant";
  return module === objectModule ? `${fn} of an object` : `${module}.${fn}`;
}

/** What a call that was given up still returns is released on the host. */
function letGo({ value }: CallResult): void {
  // A session that is over holds nothing either.
  if (isHeld(value)) value[Symbol.asyncDispose]().then(undefined, () => undefined);
}

function isHeld(value: unknown): value is AsyncDisposable {
  return typeof value === "object" && value !== null && referenceOf.has(value);
}
