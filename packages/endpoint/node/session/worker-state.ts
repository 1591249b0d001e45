/*
 * What a worker puts back after each call: what modules set when they are loaded stays, as they do; what a function sets is gone with its call, and what
 * a generator sets comes back with each of its steps.
 */
import { isLate } from "./call-owner.ts";

/** What a call has set, for the next step of its generator. */
export type Changes = (() => void)[];

const methods = ["log", "error", "info", "warn", "debug", "table", "dir", "trace"] as const;
const streams = ["stdout", "stderr"] as const;
/** Events of the process that decide what becomes of it. */
const isOfProcess = (event: string | symbol): event is string =>
  typeof event === "string" && (event.startsWith("SIG") || event === "uncaughtException" || event === "unhandledRejection");

/** As it was at the start: Node replaces its own as soon as there are threads. */
const chdir = process.chdir.bind(process);

type Listener = (...args: unknown[]) => void;

export class WorkerState {
  readonly #directory: string = process.cwd();
  readonly #umask: number = process.umask();
  #listeners: Map<string, Listener[]> = new Map();
  /** All events that had listeners. */
  #events: (string | symbol)[] = [];
  #methods: unknown[] = [];
  readonly #writes: Map<(typeof streams)[number], unknown> = new Map();

  constructor() {
    this.accept();
  }

  /** Modules were loaded: what they have set belongs to them. */
  accept(): void {
    this.#events = process.eventNames();
    this.#listeners = listeners(this.#events);
    this.#methods = methods.map((name) => console[name]);
  }

  /** A stream of Node's was made: what calls that are over print there is dropped. */
  watch(name: (typeof streams)[number]): void {
    const stream = process[name];
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    const sifted = (...args: unknown[]): boolean => {
      if (!isLate()) return write(...args);
      const done = args.at(-1);
      if (typeof done === "function") process.nextTick(done);
      return true;
    };
    Reflect.set(stream, "write", sifted);
    this.#writes.set(name, sifted);
  }

  /** @returns what the call had changed */
  restore(): Changes {
    const changes: Changes = [];
    const directory = currentDirectory();
    if (directory !== this.#directory) {
      if (directory !== undefined) changes.push(() => chdir(directory));
      enter(this.#directory);
    }
    const umask = process.umask(this.#umask);
    if (umask !== this.#umask) changes.push(() => void process.umask(umask));
    for (let at = 0; at < methods.length; at++) {
      const name = methods[at]!;
      const now = console[name];
      if (now === this.#methods[at]) continue;
      changes.push(() => Reflect.set(console, name, now));
      Reflect.set(console, name, this.#methods[at]);
    }
    for (const [name, write] of this.#writes) {
      const now = Reflect.get(process[name], "write");
      if (now === write) continue;
      changes.push(() => Reflect.set(process[name], "write", now));
      Reflect.set(process[name], "write", write);
    }
    if (process.exitCode !== undefined) process.exitCode = undefined;
    if (!this.#areListenersKnown()) this.#restoreListeners(changes);
    return changes;
  }

  /** In the usual case, without a list of all events, which is what takes time. Node has their number under a name that it does not document. */
  #areListenersKnown(): boolean {
    const events = this.#events;
    if (Reflect.get(process, "_eventsCount") !== events.length) return false;
    const now: Record<PropertyKey, unknown> = Reflect.get(process, "_events");
    for (let at = 0; at < events.length; at++) {
      const known = this.#listeners.get(events[at] as string);
      // Where there is one listener, Node has no list of them.
      if (known?.length === 1 && now[events[at]!] === known[0]) continue;
      if (known === undefined ? process.listenerCount(events[at]!) === 0 : !isSame(known, process.rawListeners(events[at]!))) return false;
    }
    return true;
  }

  #restoreListeners(changes: Changes): void {
    for (const event of process.eventNames()) {
      if (!isOfProcess(event)) continue;
      const known = this.#listeners.get(event) ?? [];
      for (const listener of process.rawListeners(event) as Listener[]) {
        if (known.includes(listener)) continue;
        changes.push(() => process.on(event, listener));
        process.off(event, listener);
      }
    }
    for (const [event, known] of this.#listeners) {
      for (const listener of known) if (!process.rawListeners(event).includes(listener)) process.on(event, listener);
    }
  }
}

function listeners(events: readonly (string | symbol)[]): Map<string, Listener[]> {
  return new Map(events.filter(isOfProcess).map((event) => [event, process.rawListeners(event) as Listener[]]));
}

function isSame(known: readonly unknown[], now: readonly unknown[]): boolean {
  if (known.length !== now.length) return false;
  for (let at = 0; at < known.length; at++) if (known[at] !== now[at]) return false;
  return true;
}

function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined; // the function removed it
  }
}

function enter(directory: string): void {
  try {
    chdir(directory);
  } catch {
    chdir("/");
  }
}
