import { showAs } from "@sremote/connectors";
import { InvalidArgumentError, type RemoteExecError, SremoteError, checkConstruction } from "@sremote/protocol";
import { type Ending, endedError, ownOutcome } from "./ending.ts";
import type { CallNotes } from "../events/call-notes.ts";
import { CallLimits, cancelPatience, type Progress } from "./limits.ts";
import type { CallOptions } from "./options.ts";
import type { CallResult } from "./result.ts";
import { type CallSite, withCallSite } from "./site.ts";
import { CallOutput } from "./output.ts";
import { referenceOf } from "../object/remote-reference.ts";
import type { Session } from "../session/session.ts";
import { RemoteIterable } from "../object/remote-iterable.ts";

/** The items of a call's generator: of `Call<RemoteIterable<T>>` and of `Call<T>`, T. */
export type ItemOf<T> = T extends AsyncIterable<infer I> ? I : T;

/** What carries a call out. */
export interface CallRun<T> {
  (call: Call<T>): Promise<CallResult<T>>;
}

const nextTurn = Promise.resolve();
const itsTurn = (): string => "its turn";
const theHost = (): string => "the host";

export interface CallContext {
  /** `os.getenv` on the host, for messages. */
  readonly what: string;
  readonly host: string;
  /** Those of the call that this one belongs to. */
  readonly outputs?: readonly [stdout: CallOutput, stderr: CallOutput] | undefined;
  /** Where it was made, unless the caller awaits {@link Call.settled}. */
  readonly site?: CallSite | undefined;
  /** Nobody can cancel it but by its signal: only its promise is given away. */
  readonly isPlain?: boolean | undefined;
  /** Its id is the caller's, who may have used it before. */
  readonly hasOwnId?: boolean | undefined;
  /** Only where one wants to be told of it. */
  readonly notes?: CallNotes | undefined;
}

/** What carries a call out, where it can be told to end. */
export interface Cancellable {
  cancel(): void;
}

function tellEnding(told: ((ending: Ending) => void) | Cancellable, ending: Ending): void {
  if (typeof told === "function") told(ending);
  else told.cancel();
}

/** Where a call went. */
export interface CallPlace {
  readonly session: Session;
  readonly stream: number;
  /** Whether a worker is known to have taken it. */
  readonly isTaken: boolean;
}

/**
 * A call under way. Awaiting it gives its {@link CallResult} or rejects as {@link RemoteClient.doRemoteCall} does; `stdout` and `stderr` can be read
 * while it runs, and {@link items} gives those of a generator.
 */
export class Call<T = unknown> implements Promise<CallResult<T>>, AsyncIterable<ItemOf<T>> {
  /** 32 hexadecimal digits, also in errors. */
  readonly id: string;
  readonly stdout: CallOutput;
  readonly stderr: CallOutput;
  readonly #result: Promise<CallResult<T>>;
  readonly #context: CallContext;
  readonly #limits: CallLimits | undefined;
  #ending: Ending | undefined;
  #onEnding: ((ending: Ending) => void) | Cancellable | undefined;
  /** Rejects whatever becomes of what carries the call out; after that nobody wants its result. */
  #giveUp: ((error: Error) => void) | undefined;
  #patience: NodeJS.Timeout | undefined;
  #place: CallPlace | undefined;
  /** `value`, or the code of what it rejects with. */
  #ended: string | undefined;
  #sent = false;
  #mayRun = false;
  #iterated = false;
  #kept = 0;
  #onSent: (() => void)[] | undefined;
  /** @internal For which it waits, for messages. */
  waitsFor: () => string = itsTurn;

  /** @internal */
  constructor(id: string, options: CallOptions, run: CallRun<T>, context: CallContext) {
    checkConstruction(typeof run === "function", "Call", "client.call() returns one");
    const { outputs } = context;
    this.id = id;
    this.#context = context;
    this.stdout = outputs?.[0] ?? new CallOutput(options.stdout, this);
    this.stderr = outputs?.[1] ?? new CallOutput(options.stderr, this);
    if (CallLimits.are(options)) this.#limits = new CallLimits(options, this.#progress(), (...how) => this.#end(...how));
    this.#result = this.#carryOut(run);
  }

  /**
   * One async function from here to where errors come into being, and nobody else who waits for it: only so the engine puts the caller of
   * `doRemoteCall` into their stack, for nothing.
   */
  async #carryOut(run: CallRun<T>): Promise<CallResult<T>> {
    const { site, outputs, isPlain = false, notes } = this.#context;
    const ownsOutputs = outputs === undefined;
    // In the next microtask: calls that follow in the same turn may take the result as an argument, and share a packet of the network.
    await nextTurn;
    try {
      if (this.#ending !== undefined) throw this.endedError(false);
      const result = isPlain && this.#limits === undefined ? await run(this) : await this.#orGivenUp(run(this));
      // A generator prints while it is iterated; its outputs end with it.
      if (ownsOutputs && !(result.value instanceof RemoteIterable)) this.#endOutputs();
      this.#ended = "value";
      notes?.end(this.#outputBytes());
      return result;
    } catch (error) {
      if (ownsOutputs) this.#endOutputs({ error });
      this.#ended = error instanceof SremoteError ? error.code : "error";
      notes?.end(this.#outputBytes(), { error });
      throw site === undefined ? error : withCallSite(error, site);
    } finally {
      this.#limits?.stop();
      clearTimeout(this.#patience);
    }
  }

  #orGivenUp(running: Promise<CallResult<T>>): Promise<CallResult<T>> {
    return new Promise((resolve, reject) => {
      let isGivenUp = false;
      this.#giveUp = (error) => {
        isGivenUp = true;
        reject(error);
      };
      running.then((result) => (isGivenUp ? letGo(result.value) : resolve(result)), reject);
    });
  }

  #progress(): Progress {
    return {
      isSent: () => this.#mayRun,
      isTaken: () => this.#place?.isTaken === true,
      askForSign: () => this.#place?.session.askForSign(),
    };
  }

  /** Items of a generator print into the outputs of their generator. */
  #outputBytes(): number {
    return this.isItem ? 0 : this.stdout.total + this.stderr.total;
  }

  #endOutputs(error?: { error: unknown }): void {
    this.stdout.end(error);
    this.stderr.end(error);
  }

  /** @param milliseconds for which the host may say how it ended */
  #end(ending: Ending, milliseconds: number): void {
    if (this.#ending === undefined) {
      this.#ending = ending;
      if (this.#onEnding !== undefined) tellEnding(this.#onEnding, ending);
    }
    clearTimeout(this.#patience);
    const surrender = (): void => this.#giveUp?.(this.endedError(this.#mayRun));
    if (milliseconds === 0 || !this.#mayRun) surrender();
    else this.#patience = setTimeout(surrender, milliseconds);
  }

  /** @internal Of a call that has ended before the host said how. */
  endedError(mayRun: boolean): RemoteExecError {
    const { what, host, hasOwnId = false } = this.#context;
    const ending = this.#ending!;
    return endedError(ending, { what, host, callId: this.id, ...ownOutcome(ending, mayRun), waitsFor: this.waitsFor(), hasOwnId });
  }

  /** @internal Whether the host may have it. */
  get isSentOff(): boolean {
    return this.#mayRun;
  }

  /** @internal Why it was ended before its result came, if it was. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** @internal One who is told when the call is to end, now if it is already. */
  onEnding(told: ((ending: Ending) => void) | Cancellable): void {
    this.#onEnding = told;
    if (this.#ending !== undefined) tellEnding(told, this.#ending);
  }

  /** @internal The reader of the output gets the call's error, so the call itself need not be awaited. */
  onRead(): void {
    this.#result.catch(() => undefined);
  }

  /**
   * Ends the function on the host. Resolves when the host has said so, or when the call has ended otherwise; the call rejects with `cancelled`.
   * A host that says nothing is waited for five seconds; the error's outcome is `unknown` then.
   */
  async cancel(reason?: unknown): Promise<void> {
    this.#result.catch(() => undefined);
    const why: unknown = reason ?? new DOMException("the call was cancelled", "AbortError");
    if (this.#ending === undefined) this.#end({ kind: "cancelled", stage: this.#mayRun ? "call" : "queue", reason: why }, cancelPatience);
    await this.#result.then(
      () => undefined,
      () => undefined,
    );
  }

  /** @internal The promise behind it: awaited itself, it lets the engine show the caller in an error's stack. */
  get settled(): Promise<CallResult<T>> {
    return this.#result;
  }

  /** What the function returned. */
  get value(): Promise<T> {
    return this.#result.then(({ value }) => value);
  }

  /** @internal */
  get notes(): CallNotes | undefined {
    return this.#context.notes;
  }

  /** @internal */
  get place(): CallPlace | undefined {
    return this.#place;
  }

  /** @internal Whether it makes an item of another call's generator. */
  get isItem(): boolean {
    return this.#context.outputs !== undefined;
  }

  /** @internal */
  get isSent(): boolean {
    return this.#sent;
  }

  /** @internal Whether its items are wanted: `items()` says so in the turn in which the call is made, before it runs. */
  get isIterated(): boolean {
    return this.#iterated;
  }

  /** @internal Resolves when it has gone out, or has failed before. */
  untilSent(): Promise<void> {
    if (this.#sent) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    (this.#onSent ??= []).push(resolve);
    this.#result.then(
      () => resolve(),
      () => resolve(),
    );
    return promise;
  }

  /** @internal Whether the host keeps the result for a call that follows. Each such call uses it up. */
  get isKept(): boolean {
    if (this.#kept === 0) return false;
    this.#kept--;
    return true;
  }

  /** @internal @param kept for how many calls the host keeps the result */
  sent(place: CallPlace | undefined, kept = 0): void {
    this.#sent = true;
    if (place !== undefined) this.mayRun();
    this.#place = place;
    this.#kept = kept;
    const waiting = this.#onSent ?? [];
    this.#onSent = undefined;
    for (const tell of waiting) tell();
  }

  /** @internal From now on the host may have it. */
  mayRun(): void {
    this.#mayRun = true;
    this.waitsFor = theHost;
  }

  /** @internal It did not reach the host, and is sent once more. */
  notSent(): void {
    this.#mayRun = false;
    this.#place = undefined;
    this.waitsFor = () => "a new session";
  }

  /** The items of the generator or iterator that the function returns, each when the loop wants it. Breaking the loop closes it on the host. */
  items(): AsyncGenerator<ItemOf<T>, void, undefined> {
    this.#iterated = true;
    return this.#iterate();
  }

  /** As {@link items}, so that a call whose function returns a generator can stand in `for await` itself. */
  [Symbol.asyncIterator](): AsyncGenerator<ItemOf<T>, void, undefined> {
    return this.items();
  }

  async *#iterate(): AsyncGenerator<ItemOf<T>, void, undefined> {
    const value: unknown = (await this.#result).value;
    if (!(value instanceof RemoteIterable)) {
      throw new InvalidArgumentError("call cannot be iterated: the function returned no generator or iterator");
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller says what the generator gives, as with every call
    yield* value as RemoteIterable<ItemOf<T>>;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a call is a promise of its result, with more to it
  then<A = CallResult<T>, B = never>(
    fulfilled?: ((result: CallResult<T>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<CallResult<T> | B> {
    return this.#result.catch(rejected);
  }

  finally(callback?: (() => void) | null): Promise<CallResult<T>> {
    return this.#result.finally(callback);
  }

  static {
    showAs(this, "Call", (self) => self.#shown());
  }

  #shown(): Record<string, string | undefined> {
    const { what, host } = this.#context;
    const state = this.#ended ?? (this.#place?.isTaken === true ? "running" : `waiting for ${this.waitsFor()}`);
    return { function: what, host, id: this.id, state };
  }

  get [Symbol.toStringTag](): string {
    return "Call";
  }
}

/** A result that nobody waits for any more holds nothing on the host. */
function letGo(value: unknown): void {
  // A session that is over holds nothing either.
  if (isHeld(value)) value[Symbol.asyncDispose]().then(undefined, () => undefined);
}

function isHeld(value: unknown): value is AsyncDisposable {
  return typeof value === "object" && value !== null && referenceOf.has(value);
}
