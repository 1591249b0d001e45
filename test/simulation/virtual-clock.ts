/*
 * Time that passes only when nothing is left to do now. While it is installed, the product's own timers run on it: of all that a simulated process
 * calls (`running` says which that is), setTimeout and its kin, performance.now, Date.now and AbortSignal.timeout. Whatever runs in none, as the
 * test's own machinery does, has the real ones.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** A program of the simulation: when it is gone, its timers are too, and nothing reaches it any more. */
export class SimProcess {
  readonly name: string;
  isGone = false;

  constructor(name: string) {
    this.name = name;
  }
}

/** The process that what runs now belongs to. */
export const running = new AsyncLocalStorage<SimProcess | undefined>();

interface Event {
  at: number;
  order: number;
  process: SimProcess | undefined;
  act: (() => void) | undefined;
}

const abortTimeout: (milliseconds: number) => AbortSignal = Reflect.get(AbortSignal, "timeout");
const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  now: Date.now,
  timeout: (milliseconds: number) => Reflect.apply(abortTimeout, AbortSignal, [milliseconds]),
};
const realPerformance = performance.now.bind(performance);

/** A timer of the product's. */
class SimTimer {
  readonly process: SimProcess;
  readonly callback: (...args: unknown[]) => void;
  readonly args: unknown[];
  readonly delay: number;
  readonly repeats: boolean;
  readonly #clock: VirtualClock;
  #event: Event | undefined;
  #keepsRunning = true;

  constructor(
    clock: VirtualClock,
    process: SimProcess,
    callback: (...args: unknown[]) => void,
    delay: unknown,
    args: unknown[],
    repeats: boolean,
  ) {
    this.#clock = clock;
    this.process = process;
    this.callback = callback;
    this.args = args;
    const milliseconds = Number(delay);
    // As Node does it.
    this.delay = milliseconds >= 1 && milliseconds < 2 ** 31 ? milliseconds : 1;
    this.repeats = repeats;
    this.#start(this.delay);
  }

  /** @param delay 0 for an immediate */
  #start(delay: number): void {
    if (this.process.isGone) return;
    this.#clock.timers.add(this);
    this.#event = this.#clock.after(delay, this.process, () => {
      this.#event = undefined;
      if (this.repeats) this.#start(this.delay);
      else this.#clock.timers.delete(this);
      this.callback(...this.args);
    });
  }

  stop(): void {
    if (this.#event !== undefined) this.#event.act = undefined;
    this.#event = undefined;
    this.#clock.timers.delete(this);
  }

  refresh(): this {
    this.stop();
    this.#start(this.delay);
    return this;
  }

  ref(): this {
    this.#keepsRunning = true;
    return this;
  }

  unref(): this {
    this.#keepsRunning = false;
    return this;
  }

  hasRef(): boolean {
    return this.#keepsRunning;
  }

  close(): this {
    this.stop();
    return this;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

export class VirtualClock {
  /** Milliseconds since the beginning. */
  now = 0;
  /** Timers of the product's that wait. */
  readonly timers = new Set<SimTimer>();
  /** Thrown by what the clock called. */
  readonly thrown: unknown[] = [];
  #order = 0;
  #heap: Event[] = [];

  /** Does something later, unless the process is gone by then. */
  after(milliseconds: number, process: SimProcess | undefined, act: () => void): Event {
    const event = { at: this.now + milliseconds, order: ++this.#order, process, act };
    this.#push(event);
    return event;
  }

  /** A process is gone. */
  forget(process: SimProcess): void {
    process.isGone = true;
    for (const timer of this.timers) if (timer.process === process) timer.stop();
  }

  /** Does what is next. @returns false when there is nothing */
  step(): boolean {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      const { act, process } = event;
      if (act === undefined || process?.isGone === true) continue;
      this.now = Math.max(this.now, event.at);
      try {
        running.run(process, act);
      } catch (error) {
        this.thrown.push(error);
      }
      return true;
    }
    return false;
  }

  /** Resolves when all that was to be done at once is done. */
  settle(): Promise<void> {
    return new Promise((resolve) => {
      real.setImmediate(resolve);
    });
  }

  /** Makes the timers of simulated processes run on this clock. */
  install(): Disposable {
    const timer =
      (make: (...args: never[]) => unknown, repeats: boolean, isImmediate = false) =>
      (callback: (...args: unknown[]) => void, ...rest: unknown[]): unknown => {
        const process = running.getStore();
        if (process === undefined) return Reflect.apply(make, undefined, [callback, ...rest]);
        const [delay, ...args] = isImmediate ? [0, ...rest] : rest;
        return new SimTimer(this, process, callback, delay, args, repeats);
      };
    const clear =
      (clearReal: (given: never) => void) =>
      (given: unknown): void => {
        if (given instanceof SimTimer) given.stop();
        else clearReal(given as never);
      };
    const replaced = {
      setTimeout: timer(real.setTimeout, false),
      clearTimeout: clear(real.clearTimeout),
      setInterval: timer(real.setInterval, true),
      clearInterval: clear(real.clearInterval),
      setImmediate: timer(real.setImmediate, false, true),
      clearImmediate: clear(real.clearImmediate),
    };
    Object.assign(globalThis, replaced);
    const isSimulated = (): boolean => running.getStore() !== undefined;
    performance.now = () => (isSimulated() ? this.now : realPerformance());
    Date.now = () => (isSimulated() ? epoch + this.now : real.now());
    AbortSignal.timeout = (milliseconds) => {
      const process = running.getStore();
      if (process === undefined) return real.timeout(milliseconds);
      const control = new AbortController();
      // No timer of the product's: it needs not be stopped, and keeps nothing running.
      this.after(milliseconds, process, () => control.abort(new DOMException("the deadline passed", "TimeoutError")));
      return control.signal;
    };
    return {
      [Symbol.dispose]: () => {
        const { now, timeout, ...timers } = real;
        Object.assign(globalThis, timers);
        Reflect.deleteProperty(performance, "now");
        Date.now = now;
        AbortSignal.timeout = timeout;
      },
    };
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

/** Of the wall clock, for Date.now. */
const epoch = Date.UTC(2026, 0, 1);

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
