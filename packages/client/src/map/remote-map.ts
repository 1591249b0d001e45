/* What `client.map` and `fleet.map` return. */
import { showAs } from "@sremote/connectors";
import { checkConstruction, DeadlineTimer, InvalidArgumentError, RemoteExecError, SremoteError } from "@sremote/protocol";
import type { CallOutput } from "../call/output.ts";
import type { Batch, LostHost, MapRun } from "./map-run.ts";

/** What came of one item, with `settled: true`. */
export type MapResult<T = unknown> =
  | { readonly status: "fulfilled"; readonly index: number; readonly host: string; readonly value: T }
  | { readonly status: "rejected"; readonly index: number; readonly host: string; readonly reason: SremoteError };

export interface RemoteMapSettings {
  /** `math.sqrt`. */
  readonly what: string;
  /** The host, or how many there are. */
  readonly host: string;
  readonly run: MapRun;
  readonly outputs: readonly [stdout: CallOutput, stderr: CallOutput];
  readonly isSettled: boolean;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Many calls of one function under way. Awaiting it gives the array of results; iterating gives them one by one, in the order of the items, each as
 * soon as it and all before it are there. Items are taken as results are read, so an endless iterator is no harm. It can be read once, in one of both ways.
 */
export class RemoteMap<T = unknown> implements Promise<T[]>, AsyncIterable<T>, AsyncDisposable {
  readonly #settings: RemoteMapSettings;
  #all: Promise<T[]> | undefined;
  #isIterated = false;
  #done = 0;
  #state: string = "running";
  readonly #timer: DeadlineTimer | undefined;
  #unfollow: (() => void) | undefined;

  /** @internal */
  constructor(settings: RemoteMapSettings) {
    checkConstruction(settings?.run !== undefined, "RemoteMap", "client.map() returns one");
    this.#settings = settings;
    const { timeout, signal, run } = settings;
    if (timeout !== undefined) this.#timer = new DeadlineTimer(timeout, () => this.#stop("timeout", timeout));
    if (signal !== undefined) this.#follow(signal);
    const over = (): void => this.#over();
    run.ended.then(over, over);
  }

  /** What all items print, as it comes: those that run at the same time are mixed. */
  get stdout(): CallOutput {
    return this.#settings.outputs[0];
  }

  get stderr(): CallOutput {
    return this.#settings.outputs[1];
  }

  /** Hosts that were not reached, or lost while the map ran, and why. Their items went elsewhere, as far as they had not begun. */
  get lostHosts(): readonly LostHost[] {
    return this.#settings.run.lost;
  }

  #follow(signal: AbortSignal): void {
    const abort = (): void => this.#stop("cancelled", signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    this.#unfollow = () => signal.removeEventListener("abort", abort);
  }

  #stop(code: "cancelled" | "timeout", why: unknown): void {
    const { what, host, run } = this.#settings;
    const how = code === "timeout" ? `did not end within ${String(why)} ms` : "was cancelled";
    const text = `the map of ${what} ${how}; items that had begun may have run`;
    this.#state = code;
    run.stop(new RemoteExecError(code, text, { stage: "call", host, outcome: code, cause: code === "timeout" ? undefined : why }));
  }

  #over(): void {
    this.#timer?.stop();
    this.#unfollow?.();
    if (this.#state === "running") this.#state = "done";
    for (const output of this.#settings.outputs) output.end();
  }

  /** Ends what runs on the host, and begins no further item; the map rejects with `cancelled`. Resolves when the host has said so, or after five seconds. */
  async cancel(reason?: unknown): Promise<void> {
    this.#stop("cancelled", reason ?? new DOMException("the map was cancelled", "AbortError"));
    await this.#settings.run.ended;
  }

  /** As {@link cancel}: nothing runs on behind a block that used the map. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel();
  }

  #collect(): Promise<T[]> {
    this.#all ??= this.#collected();
    return this.#all;
  }

  async #collected(): Promise<T[]> {
    if (this.#isIterated) throw readTwice();
    const { run } = this.#settings;
    run.readAhead();
    const all: T[] = [];
    for (let batch = await run.next(); batch !== undefined; batch = await run.next()) {
      for (const each of this.#resultsOf(batch)) all.push(each);
    }
    return all;
  }

  /** @throws the first failure, which ends the map */
  #resultsOf({ first, values, failures, host }: Batch): T[] {
    this.#done += values.length;
    // oxlint-disable typescript/no-unsafe-type-assertion -- the caller says what the function gives, as with every call
    if (this.#settings.isSettled)
      return values.map((value, place) => settledResult({ value, failure: failures.get(place), index: first + place, host }) as T);
    const failure = firstOf(failures);
    if (failure === undefined) return values as T[];
    this.#settings.run.stop(failure[1]);
    throw failure[1];
    // oxlint-enable typescript/no-unsafe-type-assertion
  }

  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    if (this.#isIterated || this.#all !== undefined) throw readTwice();
    this.#isIterated = true;
    return this.#iterate();
  }

  async *#iterate(): AsyncGenerator<T, void, undefined> {
    const { run, isSettled } = this.#settings;
    let isOver = false;
    try {
      for (let batch = await run.next(); batch !== undefined; batch = await run.next()) {
        const failure = isSettled ? undefined : firstOf(batch.failures);
        // What came before the failure is given first.
        if (failure !== undefined) yield* this.#resultsOf({ ...batch, values: batch.values.slice(0, failure[0]), failures: new Map() });
        yield* this.#resultsOf(batch);
      }
      isOver = true;
    } finally {
      // The loop was left: the rest is not wanted.
      if (!isOver) this.#stop("cancelled", new DOMException("the loop over the map was left", "AbortError"));
    }
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise of all results, with more to it
  then<A = T[], B = never>(
    fulfilled?: ((results: T[]) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#collect().then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T[] | B> {
    return this.#collect().catch(rejected);
  }

  finally(callback?: (() => void) | null): Promise<T[]> {
    return this.#collect().finally(callback);
  }

  static {
    showAs(this, "RemoteMap", (self) => ({
      function: self.#settings.what,
      host: self.#settings.host,
      done: String(self.#done),
      state: self.#state,
    }));
  }

  get [Symbol.toStringTag](): string {
    return "RemoteMap";
  }
}

function firstOf(failures: ReadonlyMap<number, Error>): [place: number, error: Error] | undefined {
  let first: [number, Error] | undefined;
  for (const each of failures) if (first === undefined || each[0] < first[0]) first = each;
  return first;
}

interface Item {
  readonly value: unknown;
  readonly failure: Error | undefined;
  readonly index: number;
  readonly host: string;
}

function settledResult({ value, failure, index, host }: Item): MapResult {
  if (failure === undefined) return { status: "fulfilled", index, host, value };
  return { status: "rejected", index, host, reason: SremoteError.from(failure, "endpoint-broken", { host }) };
}

function readTwice(): InvalidArgumentError {
  return new InvalidArgumentError("a map can be read once: await it, or iterate over it");
}
