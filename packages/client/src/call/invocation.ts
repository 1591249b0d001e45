/* One call on its way: what its transport is given, and what is known of it until its answer is there. */
import { randomFillSync } from "node:crypto";
import { type Failure, type RemoteExecError, SremoteError } from "@sremote/protocol";
import type { ItemReceiver } from "./item-receiver.ts";
import type { CallNotes } from "../events/call-notes.ts";
import type { CallCode } from "./code.ts";
import { hasLimits } from "./check-options.ts";
import { type Ending, endedError, ownOutcome } from "./ending.ts";
import { CallLimits, cancelPatience } from "./limits.ts";
import type { CallFrame } from "./message.ts";
import type { CallOptions, Runtime } from "./options.ts";
import { CallOutput } from "./output.ts";
import type { CallPlace, Cancellable } from "./place.ts";
import type { CallResult, CapturedOutput } from "./result.ts";
import type { Serializer } from "./serializer.ts";

/** The message of a call. Transports add what they need. */
export interface Message {
  /** Undefined where it waits for the results of other calls. */
  readonly frame: CallFrame | undefined;
  readonly pending: PendingMessage | undefined;
}

/** A message that lacks the results of other calls. */
export interface PendingMessage {
  /** @param substitute gives what takes a call's place; asked for one call after the other */
  settle(substitute: (call: Invocation) => Promise<unknown>): Promise<CallFrame>;
}

export interface InvocationContext {
  /** `os.getenv`, for messages. */
  readonly what: string;
  /** The connector's label. */
  readonly host: string;
  readonly runtime: Runtime;
  readonly serializer: Serializer;
  /** Those of the generator whose item it makes. */
  readonly outputs: readonly [stdout: CallOutput, stderr: CallOutput] | undefined;
  /** Takes what comes of the items of a call with many. */
  readonly items?: ItemReceiver | undefined;
  /** Only its signal can cancel it: the caller has nothing but its promise. */
  readonly isPlain: boolean;
  /** Shipped code that it needs. */
  readonly code: CallCode | undefined;
  /** Adds to a failure what the host does not know. */
  readonly explain: ((failure: Failure) => void) | undefined;
  /** Only where a handler is to be told of it. */
  readonly notes: CallNotes | undefined;
}

const itsTurn = (): string => "its turn";
const theHost = (): string => "the host";
const noBytes = new Uint8Array();

function tellEnding(told: ((ending: Ending) => void) | Cancellable, ending: Ending): void {
  if (typeof told === "function") told(ending);
  else told.cancel();
}

/** Thousands of these may be under way: what most calls do not need is made when it is needed. */
export class Invocation<M extends Message = Message> {
  readonly id: string;
  /** As the caller gave them: a copy, in which nothing changes. */
  readonly options: CallOptions;
  readonly message: M;
  readonly context: InvocationContext;
  /** What the call comes to. */
  result!: Promise<CallResult>;
  /** Whether its items are wanted, which is known before it runs. */
  isIterated = false;
  /** For what it waits, for messages. */
  waitsFor: () => string = itsTurn;
  /** Why it was ended before its result came, if it was. */
  ending: Ending | undefined;
  /** Where it went. */
  place: CallPlace | undefined;
  /** Whether the host may have it. */
  isSentOff = false;
  /** Whether it has gone out, whatever its transport. */
  isSent = false;
  /** Calls that take its result as an argument, as long as it has not gone out. */
  dependents = 0;
  /** `value`, or the code of what it rejects with. */
  endedAs: string | undefined;
  readonly #limits: CallLimits | undefined;
  #failure: { readonly error: unknown } | undefined;
  #onEnding: ((ending: Ending) => void) | Cancellable | undefined;
  /** Rejects whatever becomes of what carries the call out. */
  #giveUp: ((error: Error) => void) | undefined;
  #patience: NodeJS.Timeout | undefined;
  #stdout: CallOutput | undefined;
  #stderr: CallOutput | undefined;
  #kept = 0;
  #onSent: (() => void)[] | undefined;

  constructor(id: string, options: CallOptions, message: M, context: InvocationContext) {
    this.id = id;
    this.options = options;
    this.message = message;
    this.context = context;
    [this.#stdout, this.#stderr] = context.outputs ?? [];
    // A handling of the caller's own has something to do even where nothing is printed.
    if (options.stdout !== undefined) this.#stdout ??= this.#newOutput("stdout");
    if (options.stderr !== undefined) this.#stderr ??= this.#newOutput("stderr");
    if (hasLimits(options)) this.#limits = new CallLimits(options, this, (...how) => this.#end(...how));
  }

  /** Made when something is printed, or when it is looked at. */
  get stdout(): CallOutput {
    return (this.#stdout ??= this.#newOutput("stdout"));
  }

  get stderr(): CallOutput {
    return (this.#stderr ??= this.#newOutput("stderr"));
  }

  #newOutput(name: "stdout" | "stderr"): CallOutput {
    const output = new CallOutput(this.options[name], this);
    if (this.place !== undefined) output.begin(this.place.flow, this.options.outputLimit);
    if (this.endedAs !== undefined) output.end(this.#failure);
    return output;
  }

  /** The reader of an output gets the call's error, so the call itself need not be awaited. */
  onRead(): void {
    this.result.catch(() => undefined);
  }

  /** Whether it makes an item of another call's generator: then it prints into the outputs of that. */
  get isItem(): boolean {
    return this.context.outputs !== undefined;
  }

  /** What was collected so far. */
  captured(name: "stdout" | "stderr"): CapturedOutput {
    const output = name === "stdout" ? this.#stdout : this.#stderr;
    return output === undefined ? { bytes: noBytes, total: 0, truncated: false } : output.captured();
  }

  /** Resolves when sinks have taken everything; undefined where there are none. */
  passedOn(): Promise<unknown> | undefined {
    const [stdout, stderr] = [this.#stdout?.passedOn(), this.#stderr?.passedOn()];
    return stdout === undefined || stderr === undefined ? (stdout ?? stderr) : Promise.all([stdout, stderr]);
  }

  /** The result is there. A generator prints while it is iterated, and ends its outputs itself. @param keepsOutputs whether it is one */
  succeeded(keepsOutputs: boolean): void {
    this.endedAs = "value";
    this.#over(keepsOutputs);
  }

  failed(error: unknown): void {
    this.endedAs = error instanceof SremoteError ? error.code : "error";
    this.#failure = { error };
    this.#over(false);
  }

  #over(keepsOutputs: boolean): void {
    if (!keepsOutputs && !this.isItem) {
      this.#stdout?.end(this.#failure);
      this.#stderr?.end(this.#failure);
    }
    this.context.notes?.end(this.isItem ? 0 : (this.#stdout?.total ?? 0) + (this.#stderr?.total ?? 0), this.#failure);
    this.#limits?.stop();
    clearTimeout(this.#patience);
  }

  /** Whether it can end before what carries it out does. */
  get canBeGivenUp(): boolean {
    return !this.context.isPlain || this.#limits !== undefined;
  }

  /** Settles as `running` does, or when the call is given up. @param letGo gets what comes after that */
  orGivenUp<T>(running: Promise<T>, letGo: (late: T) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      let isGivenUp = false;
      this.#giveUp = (error) => {
        isGivenUp = true;
        reject(error);
      };
      running.then((result) => (isGivenUp ? letGo(result) : resolve(result)), reject);
    });
  }

  /** @param milliseconds for which the host may say how it ended */
  #end(ending: Ending, milliseconds: number): void {
    if (this.ending === undefined) {
      this.ending = ending;
      if (this.#onEnding !== undefined) tellEnding(this.#onEnding, ending);
    }
    clearTimeout(this.#patience);
    const surrender = (): void => this.#giveUp?.(this.endedError(this.isSentOff));
    if (milliseconds === 0 || !this.isSentOff) surrender();
    else this.#patience = setTimeout(surrender, milliseconds);
  }

  cancel(reason: unknown): void {
    if (this.ending !== undefined) return;
    this.#end({ kind: "cancelled", stage: this.isSentOff ? "call" : "queue", reason }, cancelPatience);
  }

  /** Of a call that has ended before the host said how. */
  endedError(mayRun: boolean): RemoteExecError {
    const ending = this.ending!;
    const { what, host } = this.context;
    const hasOwnId = this.options.id !== undefined;
    return endedError(ending, { what, host, callId: this.id, ...ownOutcome(ending, mayRun), waitsFor: this.waitsFor(), hasOwnId });
  }

  /** Its transport is told when the call is to end, now if it is already. */
  onEnding(told: ((ending: Ending) => void) | Cancellable): void {
    this.#onEnding = told;
    if (this.ending !== undefined) tellEnding(told, this.ending);
  }

  /** Another call takes its result as an argument; that this one has failed, that one says. */
  addDependent(): void {
    if (!this.isSent) this.dependents++;
    this.result.catch(() => undefined);
  }

  /** Whether a worker is known to have taken it. */
  get isTaken(): boolean {
    return this.place?.isTaken === true;
  }

  /** Asks the host for a sign; the function tells whether one has come since. Undefined where its transport cannot. */
  askForSign(): (() => boolean) | undefined {
    return this.place?.session.askForSign();
  }

  /** Resolves when it has gone out, or has failed before. */
  untilSent(): Promise<void> {
    if (this.isSent) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    (this.#onSent ??= []).push(resolve);
    this.result.then(
      () => resolve(),
      () => resolve(),
    );
    return promise;
  }

  /** Whether the host keeps the result for a call that follows. Each such call uses it up. */
  takeKept(): boolean {
    if (this.#kept === 0) return false;
    this.#kept--;
    return true;
  }

  /** It goes out. @param kept for how many calls the host keeps the result */
  sent(place?: CallPlace, kept = 0): void {
    this.isSent = true;
    this.place = place;
    this.#kept = kept;
    if (place !== undefined) {
      this.mayRun();
      this.#stdout?.begin(place.flow, this.options.outputLimit);
      this.#stderr?.begin(place.flow, this.options.outputLimit);
      this.onEnding(place);
    }
    const waiting = this.#onSent;
    this.#onSent = undefined;
    if (waiting !== undefined) for (const tell of waiting) tell();
  }

  /** From now on the host may have it. */
  mayRun(): void {
    this.isSentOff = true;
    this.waitsFor = theHost;
  }

  /** Before it goes out: the host gets its shipped code where it lacks that. Undefined where there is nothing to wait for. */
  untilCodeIsThere(): Promise<unknown> | undefined {
    const sending = this.context.code?.ready();
    if (sending !== undefined) this.waitsFor = () => "its code to be sent";
    return sending;
  }

  /** It did not reach the host, and is sent once more. */
  notSent(): void {
    this.isSentOff = false;
    this.place = undefined;
    this.waitsFor = () => "a new session";
  }
}

const idBytes = 16;
/** Random bytes are asked for in portions: asking the system for each id takes longer than all else that makes a call. */
const portion = Buffer.alloc(256 * idBytes);
let used = portion.length;

/** 128 random bits as 32 lower-case hexadecimal digits. */
export function newCallId(): string {
  if (used === portion.length) {
    randomFillSync(portion);
    used = 0;
  }
  used += idBytes;
  return portion.toString("hex", used - idBytes, used);
}
