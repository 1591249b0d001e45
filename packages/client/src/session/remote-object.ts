import { settledWithin } from "@sremote/connectors";
import { type CallArguments, type CallOptions, checkText } from "../call-options.ts";
import type { Call } from "../call.ts";
import { type Hosted, hostedOf, isLost } from "./hosted.ts";
import type { RemoteIterable } from "./remote-iterable.ts";

/** Options of the access to an object: `returns: "object"` keeps what is found on the host as an object of its own. */
export type AccessOptions = Pick<CallOptions, "returns" | "lease" | "timeout" | "signal">;

/** Objects nobody refers to any more are released on the host. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

/**
 * An object that stays on the host, in the process that made it: a model, a connection, an open file. Got with `returns: "object"`; it may be an argument
 * of later calls, which then run in that process. Release it with {@link release} or `await using`; it also ends with its lease, its process, or the session.
 *
 * Every access rejects with RemoteExecError `object-lost` when it is gone.
 */
export class RemoteObject implements AsyncDisposable, AsyncIterable<unknown> {
  /** Its class on the host, such as `sklearn.linear_model.LinearRegression`. */
  readonly type: string;
  readonly #hosted: Hosted<Call>;
  #released: Promise<void> | undefined;

  /** @internal */
  constructor(type: string, hosted: Hosted<Call>) {
    this.type = type;
    this.#hosted = hosted;
    hostedOf.set(this, hosted);
    forgotten.register(this, () => void releaseHosted(hosted), this);
  }

  /** Calls one of its methods. @param args as with {@link RemoteClient.call} */
  call<T = unknown>(method: string, args: CallArguments = [], options: CallOptions = {}): Call<T> {
    return this.#call(method, args, options);
  }

  /** Calls the object itself. */
  apply<T = unknown>(args: CallArguments = [], options: CallOptions = {}): Call<T> {
    return this.#call(null, args, options);
  }

  #call<T>(method: string | null, args: CallArguments, { kwargs, ...options }: CallOptions): Call<T> {
    const split = Array.isArray(args) ? [args, kwargs ?? {}] : [[], args];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller says what the method gives, as with every call
    return this.#hosted.perform("call", [this, method, ...split], options) as Call<T>;
  }

  /** The value of an attribute. */
  async get<T = unknown>(name: string, options: AccessOptions = {}): Promise<T> {
    checkText("name", name, "the name of an attribute");
    return await this.#access<T>("get", [name], options);
  }

  /** Sets an attribute. */
  async set(name: string, value: unknown, options: AccessOptions = {}): Promise<void> {
    checkText("name", name, "the name of an attribute");
    await this.#access("set", [name, value], options);
  }

  /** What Python writes `object[key]`, of a Node object the property or the entry of a Map. */
  async item<T = unknown>(key: unknown, options: AccessOptions = {}): Promise<T> {
    return await this.#access<T>("item", [key], options);
  }

  async setItem(key: unknown, value: unknown, options: AccessOptions = {}): Promise<void> {
    await this.#access("setItem", [key, value], options);
  }

  async deleteItem(key: unknown, options: AccessOptions = {}): Promise<void> {
    await this.#access("deleteItem", [key], options);
  }

  /** A copy of the object as a value, where it is one that can travel. */
  async value<T = unknown>(options: AccessOptions = {}): Promise<T> {
    return await this.#access<T>("value", [], options);
  }

  async #access<T>(fn: string, args: readonly unknown[], options: AccessOptions): Promise<T> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller says what is there, as with every call
    return (await this.#hosted.perform(fn, [this, ...args], options)).value as T;
  }

  /** Iterates on the host, one item at a time. */
  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    const iterable = await this.#access<RemoteIterable>("iterate", [], {});
    yield* iterable;
  }

  /** The host may forget the object. May be called more than once. */
  release(): Promise<void> {
    forgotten.unregister(this);
    return (this.#released ??= releaseHosted(this.#hosted));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** Milliseconds for which the host's word is waited for. */
const releaseTimeout = 5000;

/** Releasing what is gone already is no error. */
async function releaseHosted(hosted: Hosted): Promise<void> {
  const { place, id, callbacks } = hosted;
  try {
    if (place.session.isOver) return;
    const released = hosted.perform("release", [[id]]);
    // It is not cancelled: a host that comes back later still forgets the object.
    if (await settledWithin(released, releaseTimeout)) await released;
  } catch (error) {
    if (!place.session.isOver && !isLost(error)) throw error;
  } finally {
    place.callbacks.remove(callbacks);
    place.session.letGo();
  }
}
