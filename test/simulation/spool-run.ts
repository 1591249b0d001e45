/* One seed of calls over files: users who call, repeat and cancel over a network with weather, to a host whose endpoints end at any step. */
import { type Call, RemoteClient } from "@sremote/client";
import { judge, type Made, spoolPromptness } from "./calls.ts";
import { Chance } from "./chance.ts";
import { EndpointProcess } from "./endpoint-process.ts";
import type { Outcome } from "./explore.ts";
import { valueOf } from "./functions.ts";
import { present } from "./present.ts";
import { base, SpoolHost } from "./spool-host.ts";
import { SpoolNetwork } from "./spool-network.ts";
import { running, SimProcess, VirtualClock } from "./virtual-clock.ts";

const longest = 1_200_000;
const mostSteps = 200_000;
/** Until a host has noticed that a client is gone, and has ended its calls. */
const afterwards = 200_000;

interface User {
  readonly process: SimProcess;
  readonly client: RemoteClient;
  readonly calls: Made[];
  closedAt: number | undefined;
  isClosed: boolean;
  isGone: boolean;
}

/** A call whose id its user chose. */
interface Named {
  readonly id: string;
  readonly key: string;
  readonly milliseconds: number;
}

class SpoolRun implements Outcome {
  readonly clock = new VirtualClock();
  readonly chance: Chance;
  readonly host: SpoolHost;
  readonly network: SpoolNetwork;
  readonly trace: string[] = [];
  readonly wrong: string[] = [];
  readonly users: User[] = [];
  readonly #named: Named[] = [];
  readonly #until: number;
  #strikes = 0;
  #ids = 0;

  constructor(seed: number) {
    this.chance = new Chance(seed);
    this.host = new SpoolHost(this, (text) => this.note(text));
    this.network = new SpoolNetwork(this.host);
    this.#until = this.chance.pick([500, 3000, 15_000]);
  }

  note(text: string): void {
    this.trace.push(`${this.clock.now.toFixed(0).padStart(7)}  ${text}`);
  }

  plan(): void {
    const { chance, clock } = this;
    // So that the clock gets to where users close.
    clock.after(this.#until + 3002, undefined, () => undefined);
    const users = [this.#join(), ...(chance.happens(0.4) ? [this.#join()] : [])];
    const count = chance.between(1, 6);
    for (let index = 0; index < count; index++) {
      const user = chance.pick(users);
      this.#at(user.process, () => this.#call(user));
    }
    const strikes = chance.happens(0.85) ? chance.between(1, 4) : 0;
    for (let index = 0; index < strikes; index++) {
      if (chance.happens(0.4)) this.#strikeAfter(this.#moment());
      else this.#strikes++;
    }
    if (chance.happens(0.1)) this.#at(users[0]!.process, () => void this.#close(users[0]!));
    if (chance.happens(0.1)) this.#at(undefined, () => this.#vanish(users[0]!));
  }

  #moment(): number {
    return this.chance.between(0, this.#until);
  }

  #at(process: SimProcess | undefined, act: () => void): void {
    this.clock.after(this.#moment(), process, act);
  }

  #strikeAfter(milliseconds: number): void {
    const kind = this.chance.pick([...Object.keys(this.network.weather), "cut", "cut"]);
    this.clock.after(milliseconds, undefined, () => {
      this.note(`weather: ${kind}`);
      this.network.strike(kind);
    });
  }

  #join(): User {
    const process = new SimProcess(`client ${this.users.length + 1}`);
    const options = { runtime: "node", transport: "spool", node: this.chance.happens(0.3) ? "/usr/bin/node" : undefined } as const;
    const client = running.run(process, () => new RemoteClient(this.network.connector(process), options));
    const user: User = { process, client, calls: [], closedAt: undefined, isClosed: false, isGone: false };
    this.users.push(user);
    return user;
  }

  #call(user: User): void {
    const { chance } = this;
    while (this.#strikes > 0 && chance.happens(0.6)) {
      this.#strikes--;
      this.#strikeAfter(chance.pick([0, chance.between(0, 100), chance.between(0, 1500)]));
    }
    const key = `k${++this.#ids}`;
    const milliseconds = chance.pick([0, 20, 200, 2000, 100_000]);
    if (!chance.happens(0.4)) return this.#make(user, { key, milliseconds, id: "" }, {});
    const known = chance.happens(0.5) ? this.#named.at(-1) : undefined;
    const named = known ?? { id: key.replace("k", "").padStart(32, "0"), key, milliseconds: chance.pick([0, 20, 200, 2000]) };
    if (known === undefined) this.#named.push(named);
    this.#make(user, named, { id: named.id });
    // And once more, from anywhere, while it runs or later.
    if (chance.happens(0.7)) {
      const other = chance.pick(this.users);
      this.clock.after(chance.pick([0, 1, 100, 3000]), other.process, () => this.#make(other, named, { id: named.id }));
    }
    if (chance.happens(0.2)) {
      const stranger = { ...named, key: `${key}x` };
      this.clock.after(chance.pick([0, 100, 3000]), user.process, () => this.#make(user, stranger, { id: named.id }));
    }
  }

  #make(user: User, { key, milliseconds, id }: Named, options: { id?: string }): void {
    const { chance, clock } = this;
    const kind = id === "" ? chance.pick(["work", "work", "work", "raise", "exit"] as const) : "work";
    // Of a call that is repeated all must be the same.
    const timeout = id === "" && chance.happens(0.3) ? chance.pick([1, 50, 500, 3000]) : undefined;
    const made: Made = {
      key,
      kind,
      timeout,
      at: clock.now,
      value: valueOf(key),
      isRepeated: id !== "",
      earlier: user.calls.filter((each) => each.key === key),
    };
    user.calls.push(made);
    const control = new AbortController();
    const signal = chance.happens(0.2) ? control.signal : undefined;
    this.note(
      `${key} is made by ${user.process.name}: ${kind} ${milliseconds} ms${id === "" ? "" : `, id ${Number(id)}`}, timeout ${timeout}`,
    );
    const call = user.client.call("sim", kind, [key, milliseconds, 0, 0, "", id === "" ? "" : key], { ...options, timeout, signal });
    this.#watch(made, call);
    if (signal === undefined) return;
    clock.after(chance.pick([0, 1, 30, 300, 3000]), user.process, () => {
      if (made.settledAt !== undefined) return;
      made.abortedAt = clock.now;
      this.note(`${key} is aborted`);
      control.abort();
    });
  }

  #watch(made: Made, call: Call): void {
    const settle = (how: Partial<Made>, text: string): void => {
      Object.assign(made, how, { settledAt: this.clock.now, heardAt: this.clock.now });
      this.note(`${made.key} ${text}`);
    };
    call.then(
      ({ value }) => settle({ given: value }, "gives its value"),
      (error: unknown) => settle({ error }, `rejects: ${(error as Error).message?.split("\n")[0]}`),
    );
  }

  async #close(user: User): Promise<void> {
    if (user.closedAt !== undefined) return;
    user.closedAt = this.clock.now;
    this.note(`${user.process.name} closes`);
    try {
      await user.client.close();
    } catch (error) {
      this.wrong.push(`${user.process.name}: closing failed: ${String(error)}`);
    }
    user.isClosed = true;
    this.note(`${user.process.name} is closed`);
    const took = this.clock.now - user.closedAt;
    if (took > 30_000) this.wrong.push(`${user.process.name}: closing took ${took} ms`);
  }

  #vanish(user: User): void {
    if (user.isClosed) return;
    this.note(`${user.process.name} is killed`);
    user.isGone = true;
    this.network.isDisturbed = true;
    this.network.abandon(user.process);
    this.clock.forget(user.process);
  }

  get #isOver(): boolean {
    return this.users.every((user) => user.isGone || (user.isClosed && user.calls.every(({ settledAt }) => settledAt !== undefined)));
  }

  async run(): Promise<void> {
    const { clock } = this;
    let quietAt: number | undefined;
    for (let steps = 0; ; steps++) {
      await clock.settle();
      // Calls are repeated for a while after the last was made.
      if (
        clock.now > this.#until + 3000 &&
        this.users.every(({ isGone, calls }) => isGone || calls.every(({ settledAt }) => settledAt !== undefined))
      ) {
        for (const user of this.users) if (!user.isGone) running.run(user.process, () => void this.#close(user));
      }
      await clock.settle();
      if (this.#isOver && clock.now > this.#until) quietAt ??= clock.now;
      if (quietAt !== undefined && clock.now > quietAt + afterwards) break;
      if (steps === mostSteps) this.wrong.push("it goes on for ever");
      if (clock.now > longest || steps === mostSteps || !clock.step()) break;
    }
  }

  check(): void {
    const { ledger, files } = this.host;
    const { isDisturbed, isDamaged } = this.network;
    for (const { calls, closedAt, isGone, isClosed, process } of this.users) {
      const facts = { ledger, isDisturbed, isDamaged, isSlow: true, closedAt, isOverFiles: true, promptness: spoolPromptness };
      for (const made of isGone ? [] : calls) this.wrong.push(...judge(made, facts).map((text) => `${made.key}: ${text}`));
      if (!isGone && !isClosed) this.wrong.push(`${process.name} was never closed`);
    }
    for (const { key } of this.users.flatMap(({ calls }) => calls)) {
      if (ledger.effects(key) > 1) this.wrong.push(`${key}: its function ran ${ledger.effects(key)} times`);
    }
    for (const { process, delay, callback } of this.clock.timers) {
      this.wrong.push(`a timer of ${process.name} is left, of ${delay} ms: ${String(callback).slice(0, 80)}`);
    }
    for (const left of this.host.processes) this.wrong.push(`${left} is left`);
    if (this.network.open > 0) this.wrong.push(`${this.network.open} operations are under way`);
    if (!isDisturbed) this.wrong.push(...this.#leftFiles().map((path) => `the file ${path} is left`));
    if (!isDisturbed && files.descriptors > 0) this.wrong.push(`${files.descriptors} descriptors are open`);
    for (const error of this.clock.thrown) this.wrong.push(`thrown: ${error instanceof Error ? error.stack : String(error)}`);
  }

  /** Of calls whose id the client made up and whose answer it has; who gave up before leaves them to the sweep. */
  #leftFiles(): string[] {
    const isGivenUp = this.users.some(({ calls, closedAt = Infinity }) =>
      calls.some(
        ({ abortedAt, timeout, settledAt = Infinity }) => abortedAt !== undefined || timeout !== undefined || settledAt >= closedAt,
      ),
    );
    const own = (path: string): boolean =>
      path.startsWith(`${base}/tmp/`) || (/\/calls\/[0-9a-f]{32}$/.test(path) && !path.includes("/calls/0000"));
    return isGivenUp ? [] : [...this.host.files.inodes.keys()].filter(own);
  }
}

/** Handlers of signals that an endpoint sets are its own. */
function ownSignals(): Disposable {
  const replace = (name: "on" | "off", own: (endpoint: EndpointProcess, signal: string, listener: () => void) => void): (() => void) => {
    const real: unknown = Reflect.get(process, name);
    const instead = (event: string, listener: () => void): unknown => {
      const endpoint = running.getStore();
      if (endpoint instanceof EndpointProcess && event.startsWith("SIG")) return own(endpoint, event, listener);
      return Reflect.apply(real as () => unknown, process, [event, listener]);
    };
    Reflect.set(process, name, instead);
    return () => Reflect.set(process, name, real);
  };
  const restore = [
    replace("on", ({ handlers }, signal, listener) => void handlers.set(signal, listener)),
    replace("off", ({ handlers }, signal) => void handlers.delete(signal)),
  ];
  return {
    [Symbol.dispose]: () => {
      for (const each of restore) each();
    },
  };
}

/** Runs one seed. */
export async function runSpool(seed: number): Promise<Outcome> {
  const run = new SpoolRun(seed);
  const unhandled = (reason: unknown): void => {
    run.wrong.push(`nobody took a rejection: ${reason instanceof Error ? reason.stack : String(reason)}`);
  };
  process.on("unhandledRejection", unhandled);
  const [clock, signals] = [run.clock.install(), ownSignals()];
  try {
    run.plan();
    await run.run();
    run.check();
    return run;
  } finally {
    signals[Symbol.dispose]();
    clock[Symbol.dispose]();
    process.off("unhandledRejection", unhandled);
    present.spool = undefined;
  }
}
