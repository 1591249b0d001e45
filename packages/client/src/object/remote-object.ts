import { checkConstruction, checkObject, type PythonNumber } from "@sremote/protocol";
import { settledWithin, showAs } from "@sremote/connectors";
import { splitArguments } from "../call/check-options.ts";
import { checkText } from "../call/check-values.ts";
import type { CallArguments, CallOptions, ReturnsObject } from "../call/options.ts";
import type { Call } from "../call/call.ts";
import { type RemoteReference, referenceOf, isLost } from "./remote-reference.ts";
import type { RemoteIterable, ResultOf } from "./remote-iterable.ts";

/** Options of the access to an object: `returns: "object"` keeps what is found on the host as an object of its own. */
export type AccessOptions = Pick<CallOptions, "returns" | "objectTimeout" | "timeout" | "signal">;

/** An argument of a function: a value, a call that gives it, or an object on the host that is one; of a number, the one that `float` or `int` makes. */
export type Argument<T> = T | Call<T> | RemoteObject<T> | (Extract<T, number | bigint> extends never ? never : PythonNumber);

/** A function's parameters as {@link Argument}s. */
export type Positional<A extends readonly unknown[]> = { [I in keyof A]: Argument<A[I]> };

/** Arguments of a call: positional ones of these types, or keyword arguments. */
export type ArgumentsOf<A> = (A extends readonly unknown[] ? Readonly<Positional<A>> : never) | Readonly<Record<string, unknown>>;

/** Any name, where the type of the object is not known; with one, only its members are names. */
type UnknownName<O> = unknown extends O ? string : never;
type MethodName<O> = { [K in keyof O]: O[K] extends (...args: never) => unknown ? K : never }[keyof O] & string;
/** Nothing is known of a method or attribute whose object is unknown: then a typed object is one of those, too. */
type Method<O, K> = unknown extends O
  ? { readonly args: readonly unknown[]; readonly result: unknown }
  : K extends keyof O
    ? O[K] extends (...args: infer A) => infer R
      ? { readonly args: A; readonly result: R }
      : never
    : never;
type Attribute<O, K> = unknown extends O ? unknown : K extends keyof O ? O[K] : never;
type ItemsOfObject<O> = O extends Iterable<infer I> | AsyncIterable<infer I> ? I : unknown;

/** Objects that the program no longer refers to are released on the host. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

/**
 * An object that stays on the host, in the process that made it: a model, a connection, an open file. Got with `returns: "object"`; it may be an argument
 * of later calls, which then run in that process. Release it with {@link release} or `await using`; it also ends with its lease, its process, or the session.
 *
 * Every access rejects with RemoteExecError `object-lost` when it is gone.
 *
 * @typeParam O the object's attributes and methods, which types `call`, `get` and `set`; unknown: any name is taken, and the caller says what it gives
 */
export class RemoteObject<O = unknown> implements AsyncDisposable, AsyncIterable<ItemsOfObject<O>> {
  /** Its class on the host, such as `sklearn.linear_model.LinearRegression`. */
  readonly type: string;
  readonly #reference: RemoteReference<Call>;
  #released: Promise<void> | undefined;

  /** @internal */
  constructor(type: string, reference: RemoteReference<Call>) {
    checkConstruction(typeof reference?.perform === "function", "RemoteObject", 'a call with returns: "object" gives one');
    this.type = type;
    this.#reference = reference;
    referenceOf.set(this, reference);
    forgotten.register(this, () => releaseForgotten(reference), this);
  }

  /** Calls one of its methods. @param args as with {@link RemoteClient.call} */
  call<K extends MethodName<O>>(
    method: K,
    args: ArgumentsOf<Method<O, K>["args"]> | undefined,
    options: ReturnsObject,
  ): Call<RemoteObject<Awaited<Method<O, K>["result"]>>>;
  call<K extends MethodName<O>>(
    method: K,
    args?: ArgumentsOf<Method<O, K>["args"]>,
    options?: CallOptions,
  ): Call<ResultOf<Method<O, K>["result"]>>;
  call<T = unknown>(method: UnknownName<O>, args: CallArguments | undefined, options: ReturnsObject): Call<RemoteObject<T>>;
  call<T = unknown>(method: UnknownName<O>, args?: CallArguments, options?: CallOptions): Call<T>;
  call(method: string, args: CallArguments = [], options: CallOptions = {}): Call {
    checkText("method", method, "the name of a method");
    return this.#call(method, args, options);
  }

  /** Calls the object itself. */
  apply<T = unknown>(args: CallArguments | undefined, options: ReturnsObject): Call<RemoteObject<T>>;
  apply<T = unknown>(args?: CallArguments, options?: CallOptions): Call<T>;
  apply(args: CallArguments = [], options: CallOptions = {}): Call {
    return this.#call(null, args, options);
  }

  #call(method: string | null, given: CallArguments, withKeywords: CallOptions): Call {
    checkObject(withKeywords, "options");
    const { kwargs: keywords, ...options } = withKeywords;
    const { args, kwargs = {} } = splitArguments(given, keywords);
    return this.#reference.perform("call", [this, method, args, kwargs], options);
  }

  /** The value of an attribute. */
  get<K extends keyof O & string>(name: K, options: AccessOptions & ReturnsObject): Promise<RemoteObject<Attribute<O, K>>>;
  get<K extends keyof O & string>(name: K, options?: AccessOptions): Promise<Attribute<O, K>>;
  get<T = unknown>(name: UnknownName<O>, options: AccessOptions & ReturnsObject): Promise<RemoteObject<T>>;
  get<T = unknown>(name: UnknownName<O>, options?: AccessOptions): Promise<T>;
  async get(name: string, options: AccessOptions = {}): Promise<unknown> {
    checkText("name", name, "the name of an attribute");
    return await this.#access("get", [name], options);
  }

  /** Sets an attribute. */
  set<K extends keyof O & string>(name: K, value: Attribute<O, K>, options?: AccessOptions): Promise<void>;
  set(name: UnknownName<O>, value: unknown, options?: AccessOptions): Promise<void>;
  async set(name: string, value: unknown, options: AccessOptions = {}): Promise<void> {
    checkText("name", name, "the name of an attribute");
    await this.#access("set", [name, value], options);
  }

  /** What Python writes `object[key]`, of a Node object the property or the entry of a Map. */
  item<T = unknown>(key: unknown, options: AccessOptions & ReturnsObject): Promise<RemoteObject<T>>;
  item<T = unknown>(key: unknown, options?: AccessOptions): Promise<T>;
  async item(key: unknown, options: AccessOptions = {}): Promise<unknown> {
    return await this.#access("item", [key], options);
  }

  async setItem(key: unknown, value: unknown, options: AccessOptions = {}): Promise<void> {
    await this.#access("setItem", [key, value], options);
  }

  async deleteItem(key: unknown, options: AccessOptions = {}): Promise<void> {
    await this.#access("deleteItem", [key], options);
  }

  /** A copy of the object as a value, where it is one that can travel. */
  async value<T = O>(options: AccessOptions = {}): Promise<T> {
    return await this.#access<T>("value", [], options);
  }

  async #access<T = unknown>(fn: string, args: readonly unknown[], options: AccessOptions): Promise<T> {
    checkObject(options, "options");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller says what is there, as with every call
    return (await this.#reference.perform(fn, [this, ...args], options)).value as T;
  }

  /** Iterates on the host, one item at a time. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ItemsOfObject<O>, void, undefined> {
    const iterable = await this.#access<RemoteIterable<ItemsOfObject<O>>>("iterate", [], {});
    yield* iterable;
  }

  /** The host may forget the object. May be called more than once. */
  release(): Promise<void> {
    forgotten.unregister(this);
    return (this.#released ??= releaseReference(this.#reference));
  }

  static {
    showAs(this, "RemoteObject", (self) => ({ type: self.type, host: self.#reference.place.session.host }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** Milliseconds for which the host's word is waited for. */
const releaseTimeout = 5000;

/** The program has dropped it, so there is no one to tell of a failure: what the host does not release now, it releases with the session. */
function releaseForgotten(reference: RemoteReference): void {
  releaseReference(reference).catch(() => undefined);
}

/** Releasing what is gone already is no error. */
async function releaseReference(reference: RemoteReference): Promise<void> {
  const { place, id } = reference;
  try {
    if (place.session.isOver) return;
    const released = reference.perform("release", [[id]]);
    // It is not cancelled: a host that comes back later still forgets the object.
    if (await settledWithin(released, releaseTimeout)) await released;
  } catch (error) {
    if (!place.session.isOver && !isLost(error)) throw error;
  } finally {
    place.forgetCallbacks();
    place.session.letGo();
  }
}
