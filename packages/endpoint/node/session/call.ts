/* One call as its supervisor sees it: where it stands, what it may send, and its deadlines. */
import { DeadlineTimer, sessionLimits, type Failure, type Route } from "@sremote/protocol";
import type { OutputGate } from "./output-relay.ts";

/** A route as it was parsed, with what tells environments apart. */
export interface ParsedRoute {
  route: Route;
  environment: string;
}

/** Why a call was stopped. */
export interface Stop {
  outcome: "timeout" | "cancelled";
  message: string;
}

/** The worker of a call, as its call and the pool see it. */
export interface CallWorker {
  readonly kind: { readonly number: number };
  /** Calls that only this worker may run. */
  readonly queue: Call[];
  readonly call: Call | undefined;
  /** It keeps objects or results. */
  readonly holds: boolean;
  /** Whether it could begin a call now. */
  readonly isFree: boolean;
  /** It takes no more calls. */
  readonly isEnding: boolean;
  readonly isGone: boolean;
  assign(call: Call): void;
  write(call: Call, packet: Uint8Array): void;
  resume(): void;
  stop(call: Call, why: Stop): void;
}

export class Call {
  readonly stream: number;
  readonly route: Route;
  /** Equal for calls that one worker can run. */
  readonly environment: string;
  readonly stdout: Gate;
  readonly stderr: Gate;
  /** Packets that came before a worker took the call. */
  request: Uint8Array[] = [];
  /** Who runs it. */
  worker: CallWorker | undefined;
  /** Whether the client will have to send more of the request than it may without being told. */
  needsCredit = false;
  hasCredit = false;
  /** Bytes of the request that were handed to the worker since credit was given. */
  handed = 0;
  stopped: Stop | undefined;
  isOver = false;
  /** Why it gave no value, where that is the supervisor's to say. */
  failure: Failure | undefined;
  /** Its last packet, held until all that was printed before is sent. */
  last: (() => void) | undefined;
  /** Whether its output is to be counted in the end. */
  wantsTotals = false;
  #queueTimer: DeadlineTimer | undefined;
  #runTimer: DeadlineTimer | undefined;
  #idleTimer: DeadlineTimer | undefined;

  constructor(stream: number, { route, environment }: ParsedRoute, makeGate: (call: Call, index: 0 | 1) => Gate) {
    this.stream = stream;
    this.route = route;
    this.environment = environment;
    this.stdout = makeGate(this, 0);
    this.stderr = makeGate(this, 1);
  }

  /** It begins to wait for a worker. */
  startQueueing(onLate: () => void): void {
    this.#queueTimer = timer(this.route.queueMs, onLate);
  }

  /** A worker has taken it. */
  startRunning(onLate: (what: "timeoutMs" | "idleMs") => void): void {
    this.#queueTimer?.stop();
    this.#runTimer = timer(this.route.timeoutMs, () => onLate("timeoutMs"));
    this.#idleTimer = timer(this.route.idleMs, () => onLate("idleMs"));
  }

  /** Something came from its function. */
  noteActivity(): void {
    this.#idleTimer?.refresh();
  }

  stopTimers(): void {
    for (const each of [this.#queueTimer, this.#runTimer, this.#idleTimer]) each?.stop();
  }

  end(): void {
    this.isOver = true;
    this.request = [];
    this.last = undefined;
    this.stopTimers();
  }
}

function timer(duration: number | undefined, onLate: () => void): DeadlineTimer | undefined {
  return duration === undefined ? undefined : new DeadlineTimer(duration, onLate);
}

/** What one of stdout and stderr of a call may send. */
export class Gate implements OutputGate {
  isMuted = false;
  /** Bytes written in all. */
  total = 0;
  #credit: number = sessionLimits.outputCredit;
  readonly #mayRead: () => boolean;
  readonly #send: (chunk: Uint8Array) => void;

  /** @param mayRead whether the session has room for more @param send called with what is not muted */
  constructor(mayRead: () => boolean, send: (chunk: Uint8Array) => void) {
    this.#mayRead = mayRead;
    this.#send = send;
  }

  room(): number {
    return this.#mayRead() ? this.#credit : 0;
  }

  pass(chunk: Uint8Array): void {
    this.total += chunk.length;
    if (this.isMuted) return;
    this.#credit -= chunk.length;
    this.#send(chunk);
  }

  addCredit(bytes: number): void {
    this.#credit += bytes;
  }
}
