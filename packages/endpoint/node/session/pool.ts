/* Which worker runs which call, and when: SESSION.md, section "Route". */
import type { Failure, Outcome } from "@sremote/protocol";
import { keptFailures } from "../wire/limits.ts";
import type { Call, CallWorker } from "./call.ts";
import type { WorkerContext } from "./worker-context.ts";
import { WorkerProcess } from "./worker-process.ts";
import type { WorkerKind } from "./worker-start.ts";

/** So many times the limit of workers may be there, where free ones hold objects for calls of other environments. */
const room = 2;

export interface PoolEvents {
  /** A call that never got a worker is over. */
  onRefused(call: Call, outcome: Outcome, failure: Failure): void;
  onOver(call: Call): void;
}

export class Pool {
  readonly #context: WorkerContext;
  readonly #events: PoolEvents;
  readonly #limit: number;
  readonly #workers: Map<number, WorkerProcess> = new Map();
  /** By name and environment. */
  readonly #named: Map<string, WorkerProcess> = new Map();
  /** Free workers for calls of no one in particular; the one that was busy last at the end. */
  #free: WorkerProcess[] = [];
  #general: Call[] = [];
  #isolated: Call[] = [];
  /** Calls that wait for the call of this stream to get a worker, or to end with it. */
  readonly #followers: Map<number, Call[]> = new Map();
  /** Calls whose results are kept, while they wait or as long as their worker keeps something. */
  readonly #keepers: Map<number, Call> = new Map();
  readonly #failures: Map<number, Failure> = new Map();
  #generalCount = 0;
  #isolatedCount = 0;
  #lastNumber = 0;
  #isClosed = false;

  constructor(limit: number, context: WorkerContext, events: PoolEvents) {
    this.#limit = limit;
    this.#context = context;
    this.#events = events;
  }

  get workers(): Iterable<WorkerProcess> {
    return this.#workers.values();
  }

  /** Starts a worker of this environment before it is needed, unless there is one. */
  prestart(route: WorkerKindRoute): void {
    if (this.#workers.size === 0 && !this.#isClosed) this.#free.push(this.#startGeneral(route));
  }

  submit(call: Call): void {
    call.startQueueing(() => this.#refuse(call, "not-run", lateInQueue(call)));
    if (call.route.keep === true) this.#keepers.set(call.stream, call);
    this.#place(call);
  }

  /** Takes a call out that has no worker yet. @returns false when it has one */
  cancel(call: Call): boolean {
    if (call.worker?.call === call) return false;
    this.#refuse(call, "cancelled", { code: "cancelled", stage: "queue", message: "the call was cancelled before it ran" });
    return true;
  }

  /** No more workers start. */
  close(): void {
    this.#isClosed = true;
  }

  #place(call: Call): void {
    const { on, after, worker, isolation } = call.route;
    if (on !== undefined) this.#placeOn(call, this.#workers.get(on), lostWith(`worker ${on}`));
    else if (after !== undefined) this.#placeAfter(call, after);
    else if (worker !== undefined) this.#placeOn(call, this.#findNamed(worker, call), lostWith(worker));
    else if (isolation === "call") {
      this.#isolated.push(call);
      this.#startIsolated();
    } else {
      this.#general.push(call);
      this.#fillGeneral();
    }
  }

  #placeOn(call: Call, worker: CallWorker | undefined, lost: Failure): void {
    if (worker === undefined || worker.isEnding) return this.#refuse(call, "not-run", lost);
    if (worker.isFree) this.#give(worker, call);
    else worker.queue.push(call);
    this.#free = this.#free.filter(({ isFree }) => isFree);
  }

  #placeAfter(call: Call, stream: number): void {
    const failure = this.#failures.get(stream);
    if (failure !== undefined) return this.#refuse(call, "not-run", dependencyFailed(failure));
    const keeper = this.#keepers.get(stream);
    if (keeper === undefined) return this.#refuse(call, "not-run", notKept);
    const { worker } = keeper;
    // The end of a worker that still has the call is the call's: what it came to is known when it is over.
    const isOpen = worker === undefined || (worker.isEnding && !keeper.isOver);
    if (!isOpen) return this.#placeOn(call, worker, notKept);
    const followers = this.#followers.get(stream);
    if (followers === undefined) this.#followers.set(stream, [call]);
    else followers.push(call);
  }

  #findNamed(name: string, call: Call): WorkerProcess {
    const key = JSON.stringify([name, call.environment]);
    let worker = this.#named.get(key);
    if (worker === undefined || worker.isEnding) {
      worker = this.#start({ ...kindOf(call), name });
      this.#named.set(key, worker);
    }
    return worker;
  }

  #startIsolated(): void {
    while (this.#isolatedCount < this.#limit) {
      const call = this.#isolated.shift();
      if (call === undefined) return;
      this.#isolatedCount++;
      this.#give(this.#start({ ...kindOf(call), isIsolated: true }), call);
    }
  }

  /** Gives waiting calls to workers, the oldest first, as far as there are workers or may be more. */
  #fillGeneral(): void {
    if (this.#general.length === 0) return;
    this.#free = this.#free.filter(({ isFree }) => isFree);
    const left: Call[] = [];
    for (const [index, call] of this.#general.entries()) {
      if (this.#free.length === 0 && this.#generalCount >= this.#limit) {
        left.push(...this.#general.slice(index));
        break;
      }
      const worker = this.#findGeneral(call);
      if (worker === undefined) left.push(call);
      else this.#give(worker, call);
    }
    this.#general = left;
    this.#giveUp();
  }

  /** Where every worker is free, holds something and is of another environment, a call could wait for ever. */
  #giveUp(): void {
    if (this.#general.length === 0 || this.#generalCount < room * this.#limit || this.#free.length < this.#generalCount) return;
    const failure = noRoom(this.#generalCount);
    for (const call of this.#general.splice(0)) this.#refuse(call, "not-run", failure);
  }

  /** Ends workers beyond the limit when those that they were started beside hold nothing, the longest free ones first. */
  #trim(): void {
    if (this.#generalCount <= this.#limit || this.#general.length > 0) return;
    const idle = this.#free.filter(({ isFree, holds }) => isFree && !holds);
    const holders = this.#free.length - idle.length;
    for (const worker of idle.slice(0, Math.max(0, this.#generalCount - holders - this.#limit))) this.#replace(worker);
  }

  /** Ends a free worker. Its place is another's from now on; its process needs a moment to end. */
  #replace(worker: WorkerProcess): void {
    this.#free = this.#free.filter((each) => each !== worker);
    this.#generalCount--;
    this.#replaced.add(worker);
    worker.end();
  }

  #findGeneral(call: Call): WorkerProcess | undefined {
    const index = this.#free.findLastIndex(({ kind }) => kind.environment === call.environment);
    if (index >= 0) return this.#free.splice(index, 1)[0];
    if (this.#generalCount < this.#limit) return this.#startGeneral(call);
    const idle = this.#free.find(({ holds }) => !holds);
    if (idle !== undefined) this.#replace(idle);
    // What is free and holds something runs nothing.
    else if (this.#generalCount - this.#free.length >= this.#limit || this.#generalCount >= room * this.#limit) return undefined;
    return this.#startGeneral(call);
  }

  /** Workers that ended in favour of others and no longer count. */
  readonly #replaced: Set<WorkerProcess> = new Set();

  #startGeneral(route: WorkerKindRoute): WorkerProcess {
    this.#generalCount++;
    return this.#start(kindOf(route));
  }

  #start(kind: Omit<WorkerKind, "number">): WorkerProcess {
    this.#lastNumber = nextNumber(this.#lastNumber, this.#workers);
    const worker = new WorkerProcess({ ...kind, number: this.#lastNumber }, this.#context, {
      onFree: (free) => this.#onFree(free),
      onHolding: (holder) => this.#onHolding(holder),
      onGone: (gone) => this.#onGone(gone),
      onOver: (call, failure) => this.#onOver(call, failure),
    });
    this.#workers.set(worker.kind.number, worker);
    return worker;
  }

  #give(worker: CallWorker, call: Call): void {
    worker.assign(call);
    const followers = this.#followers.get(call.stream);
    if (followers === undefined) return;
    this.#followers.delete(call.stream);
    for (const follower of followers) this.#placeOn(follower, worker, notKept);
  }

  #onFree(worker: WorkerProcess): void {
    if (!worker.isFree) return;
    const isGeneral = worker.kind.name === undefined && !worker.kind.isIsolated;
    const own = worker.queue[0];
    const waiting = isGeneral ? this.#general.find(({ environment }) => environment === worker.kind.environment) : undefined;
    if (own !== undefined && (waiting === undefined || own.stream < waiting.stream)) {
      worker.queue.shift();
      return this.#give(worker, own);
    }
    if (!isGeneral) return;
    this.#free.push(worker);
    this.#fillGeneral();
    this.#trim();
    // Another may have taken the older call.
    const next = worker.isFree ? worker.queue.shift() : undefined;
    if (next === undefined) return;
    this.#free = this.#free.filter((each) => each !== worker);
    this.#give(worker, next);
  }

  #onGone(worker: WorkerProcess): void {
    const { number, name, isIsolated } = worker.kind;
    this.#workers.delete(number);
    this.#free = this.#free.filter((each) => each !== worker);
    for (const call of worker.queue.splice(0)) this.#place(call); // It finds another worker of that name, or that its own is gone.
    this.#forgetResults(worker);
    if (isIsolated) {
      this.#isolatedCount--;
      this.#startIsolated();
    } else if (name === undefined && !this.#replaced.delete(worker)) this.#generalCount--;
    if (!this.#isClosed) this.#fillGeneral();
  }

  #onOver(call: Call, failure: Failure | undefined): void {
    if (failure !== undefined) this.#remember(call, failure);
    if (call.worker !== undefined) this.#forgetResults(call.worker);
    this.#events.onOver(call);
    const followers = this.#followers.get(call.stream) ?? [];
    this.#followers.delete(call.stream);
    for (const follower of followers) this.#place(follower);
  }

  /** A lease ended: the worker may be ended in favour of another now. */
  #onHolding(worker: WorkerProcess): void {
    this.#forgetResults(worker);
    this.#fillGeneral();
    this.#trim();
  }

  /** A worker that keeps nothing has no result: neither of the last call nor of those before. */
  #forgetResults(worker: CallWorker): void {
    if (worker.holds && !worker.isGone) return;
    for (const [stream, keeper] of this.#keepers) if (keeper.worker === worker && keeper.isOver) this.#keepers.delete(stream);
  }

  #refuse(call: Call, outcome: Outcome, failure: Failure): void {
    if (call.isOver) return;
    const without = (calls: Call[]): Call[] => calls.filter((each) => each !== call);
    this.#general = without(this.#general);
    this.#isolated = without(this.#isolated);
    for (const worker of this.#workers.values()) {
      const index = worker.queue.indexOf(call);
      if (index >= 0) worker.queue.splice(index, 1);
    }
    for (const [stream, followers] of this.#followers) this.#followers.set(stream, without(followers));
    this.#remember(call, failure);
    this.#events.onRefused(call, outcome, failure);
    const followers = this.#followers.get(call.stream) ?? [];
    this.#followers.delete(call.stream);
    for (const follower of followers) this.#refuse(follower, "not-run", dependencyFailed(failure));
  }

  #remember(call: Call, failure: Failure): void {
    if (!this.#keepers.delete(call.stream)) return;
    this.#failures.set(call.stream, failure);
    if (this.#failures.size > keptFailures) for (const oldest of this.#failures.keys()) return void this.#failures.delete(oldest);
  }
}

/** What a worker is made for. */
export type WorkerKindRoute = Pick<WorkerKind, "route" | "environment">;

function kindOf({ route, environment }: WorkerKindRoute): Omit<WorkerKind, "number"> {
  return { route, environment, name: undefined, isIsolated: false };
}

/** Two bytes hold it, and none is given out again while its worker lives. */
function nextNumber(last: number, taken: ReadonlyMap<number, unknown>): number {
  let number = last;
  do number = (number % 65_535) + 1;
  while (taken.has(number));
  return number;
}

function lostWith(what: string): Failure {
  return {
    code: "object-lost",
    stage: "arguments",
    message: `an argument was kept by ${what}, which is gone`,
    hint: "objects and results live no longer than the process that made them",
  };
}

/** Of the result of a call that gave a value, or of which nothing is known. */
const notKept: Failure = {
  code: "dependency-failed",
  stage: "arguments",
  message: "the result that is an argument is no longer kept",
  hint: "results live no longer than the process that made them",
};

function dependencyFailed(cause: Failure): Failure {
  const message = `an argument is the result of a call that gave none: ${cause.message}`;
  return { code: "dependency-failed", stage: "arguments", message, cause };
}

function noRoom(workers: number): Failure {
  return {
    code: "limit-exceeded",
    stage: "queue",
    message: `none of the ${workers} workers can take the call: all hold objects or generators, and are of other environments`,
    hint: "release what you no longer need, iterate generators to their end or close them, or allow more workers",
  };
}

function lateInQueue({ route }: Call): Failure {
  return {
    code: "timeout",
    stage: "queue",
    message: `no worker was free for the call within ${route.queueMs} ms`,
    hint: "allow more workers, or a longer time to wait",
  };
}
