/* One seed of sessions: users who call, cancel and close over a network with weather, to a host whose processes end at any moment. */
import { crash } from "../../packages/endpoint/node/crash.ts";
import { type Call, RemoteClient } from "@sremote/client";
import { judge, type Made, sessionPromptness, type Wanted } from "./calls.ts";
import { Chance } from "./chance.ts";
import type { Outcome } from "./explore.ts";
import { valueOf } from "./functions.ts";
import { serverPatience, SimHost } from "./host.ts";
import type { SimLink } from "./link.ts";
import { Network } from "./network.ts";
import { present } from "./present.ts";
import { running, SimProcess, VirtualClock } from "./virtual-clock.ts";

/** How long nothing may be wrong before it is: no call may take longer, in virtual milliseconds. */
const longest = 600_000;
/** After the last call the host has its lease, and a little more, to end everything. */
const afterwards = serverPatience + 10_000;
const mostSteps = 400_000;

interface User {
  readonly process: SimProcess;
  readonly client: RemoteClient;
  readonly calls: Made[];
  closedAt: number | undefined;
  isClosed: boolean;
  isGone: boolean;
}

class SessionRun implements Outcome {
  readonly clock = new VirtualClock();
  readonly chance: Chance;
  readonly host: SimHost;
  readonly network: Network;
  readonly trace: string[] = [];
  readonly wrong: string[] = [];
  readonly users: User[] = [];
  /** How often something still happens right after a call was made. */
  #strikes = 0;
  /** Weather and users do nothing more after this moment. */
  readonly #until: number;
  readonly lease: number;
  readonly #heartbeat: number;
  readonly #workers: number;

  constructor(seed: number) {
    const chance = (this.chance = new Chance(seed));
    this.host = new SimHost(this, (text) => this.note(text));
    this.network = new Network(this.host);
    this.lease = chance.pick([1000, 3000, 10_000, 30_000]);
    this.#heartbeat = chance.pick([100, 500, 2000, 15_000]);
    this.#workers = chance.between(1, 3);
    this.#until = chance.pick([500, 3000, 15_000]);
  }

  note(text: string): void {
    this.trace.push(`${this.clock.now.toFixed(0).padStart(7)}  ${text}`);
  }

  plan(): void {
    const { chance, clock } = this;
    this.note(`lease ${this.lease}, heartbeat ${this.#heartbeat}, ${this.#workers} workers`);
    // So that the clock gets there.
    clock.after(this.#until + 1, undefined, () => undefined);
    const user = this.#join();
    const count = chance.between(1, 10);
    for (let index = 0; index < count; index++) this.#at(user.process, () => this.#call(user));
    /** Numbers of pieces of bytes behind which something happens to their link. */
    const planned = new Set<number>();
    const strikes = chance.happens(0.85) ? chance.between(1, 5) : 0;
    for (let index = 0; index < strikes; index++) {
      const when = chance.pick(["at a moment", "behind a call", "on the way", "on the way"]);
      if (when === "at a moment") this.#strikeAfter(this.#moment());
      else if (when === "behind a call") this.#strikes++;
      else planned.add(chance.between(1, chance.pick([20, 200])));
    }
    let pieces = 0;
    this.network.onCarried = (link) => {
      if (planned.has(++pieces)) this.#strikeAfter(0, link);
    };
    if (chance.happens(0.2)) this.#at(user.process, () => this.#renew(user));
    if (chance.happens(0.15)) this.#at(user.process, () => void this.#close(user));
    if (chance.happens(0.1)) {
      clock.after(this.#moment(), undefined, () => {
        this.#vanish(user);
        const next = this.#join();
        for (let index = 0; index < 2; index++) this.#at(next.process, () => this.#call(next));
      });
    }
  }

  #strikeAfter(milliseconds: number, link?: SimLink): void {
    const kind = this.chance.pick([...Object.keys(this.network.weather), "late", "late", "cut"]);
    this.clock.after(milliseconds, undefined, () => {
      this.note(`weather: ${kind}`);
      this.network.strike(kind, link);
    });
  }

  #moment(): number {
    return this.chance.between(0, this.#until);
  }

  #at(process: SimProcess, act: () => void): void {
    this.clock.after(this.#moment(), process, act);
  }

  #join(): User {
    const process = new SimProcess(`client ${this.users.length + 1}`);
    const client = running.run(
      process,
      () =>
        new RemoteClient(this.network.connector(process), {
          runtime: "node",
          workers: this.#workers,
          resumeTimeout: this.lease,
          heartbeatInterval: this.#heartbeat,
        }),
    );
    const user: User = { process, client, calls: [], closedAt: undefined, isClosed: false, isGone: false };
    this.users.push(user);
    return user;
  }

  #call(user: User): void {
    const { chance, clock } = this;
    if (this.#strikes > 0 && chance.happens(0.5)) {
      this.#strikes--;
      this.#strikeAfter(chance.pick([0, chance.between(0, 10), chance.between(0, 300)]));
    }
    const key = `${user.process.name.replace("client ", "c")}.${user.calls.length + 1}`;
    const kind = chance.pick(["work", "work", "work", "work", "raise", "exit", "ask", "join"] as const);
    const maybe = (probability: number, value: number): number | undefined => (chance.happens(probability) ? value : undefined);
    const wanted: Wanted = {
      key,
      kind,
      timeout: maybe(0.25, chance.pick([1, 10, 50, 500, 3000])),
      queueTimeout: maybe(0.15, chance.pick([1, 50, 500, 3000])),
      idleTimeout: maybe(0.1, chance.pick([50, 500, 3000])),
    };
    const control = new AbortController();
    const { timeout, queueTimeout, idleTimeout } = wanted;
    const options = {
      timeout,
      queueTimeout,
      idleTimeout,
      signal: chance.happens(0.5) ? control.signal : undefined,
      isolation: chance.happens(0.1) ? ("call" as const) : undefined,
    };
    const milliseconds = chance.pick([0, 1, 20, 200, 2000]);
    const again = (): Made => {
      const made: Made = { ...wanted, at: clock.now };
      user.calls.push(made);
      return made;
    };
    let call: Call;
    let value: string | undefined;
    if (kind === "ask") {
      const times = chance.between(0, 3);
      value = `${valueOf(key)} ${[0, 1, 3, 6][times]}`;
      call = user.client.call("sim", "ask", [key, (_: string, index: number) => index + 1, times], options);
    } else if (kind === "join") {
      const before = again();
      const made = Object.assign(before, {
        key: `${key}a`,
        kind: "work",
        value: valueOf(`${key}a`),
        timeout: undefined,
        queueTimeout: undefined,
      });
      const first = user.client.call("sim", "work", [made.key, milliseconds, 0, 0, ""]);
      this.#watch(user, made, first);
      value = `${valueOf(key)} after ${valueOf(made.key)}`;
      call = user.client.call("sim", "join", [key, first], options);
    } else {
      const [size, printed, carried] = [
        chance.pick([0, 0, 100, 70_000, 150_000]),
        chance.pick([0, 0, 10, 300_000]),
        chance.pick([0, 0, 0, 200_000]),
      ];
      value = valueOf(key, size);
      call = user.client.call("sim", kind, [key, milliseconds, size, printed, "c".repeat(carried)], options);
    }
    const made = Object.assign(again(), { value });
    this.note(`${key} is made: ${kind} ${milliseconds} ms, ${JSON.stringify({ timeout, queueTimeout, idleTimeout })}`);
    this.#watch(user, made, call);
    if (options.signal !== undefined) {
      clock.after(chance.pick([0, 1, 30, 300, 3000]), user.process, () => {
        if (made.settledAt !== undefined) return;
        made.abortedAt = clock.now;
        this.note(`${key} is aborted`);
        control.abort();
      });
    } else if (chance.happens(0.1)) {
      clock.after(chance.pick([0, 30, 300]), user.process, () => {
        if (made.settledAt !== undefined) return;
        made.cancelledAt = clock.now;
        this.note(`${key} is cancelled`);
        call.cancel().catch(crash);
      });
    }
  }

  #watch(user: User, made: Made, call: Call): void {
    const settle = (how: Partial<Made>, text: string): void => {
      Object.assign(made, how, { settledAt: this.clock.now, heardAt: this.network.heardAt.get(user.process) });
      this.note(`${made.key} ${text}`);
    };
    call.then(
      ({ value }) => settle({ given: value }, "gives its value"),
      (error: unknown) => settle({ error }, `rejects: ${(error as Error).message?.split("\n")[0]}`),
    );
  }

  /** Calls from then on go to another session. */
  #renew(user: User): void {
    if (user.closedAt !== undefined) return;
    this.note(`${user.process.name} names another directory`);
    user.client.setSremoteDir(`/home/sim/other-${this.clock.now}`);
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
    // A call learns of it in the next turns of the loop.
    for (const made of user.calls) this.clock.after(1, user.process, () => this.#mustBeOver(made));
  }

  #mustBeOver(made: Made): void {
    if (made.settledAt === undefined) this.wrong.push(`${made.key}: still waits when its client is closed`);
  }

  /** The client's process is killed. */
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
    let steps = 0;
    let quietAt: number | undefined;
    for (;;) {
      await clock.settle();
      for (const user of this.users) {
        const isDone = clock.now > this.#until && user.calls.every(({ settledAt }) => settledAt !== undefined);
        if (isDone && !user.isGone) running.run(user.process, () => void this.#close(user));
      }
      await clock.settle();
      if (this.#isOver && clock.now > this.#until) quietAt ??= clock.now;
      if (quietAt !== undefined && clock.now > quietAt + this.lease + 5 * this.#heartbeat + afterwards) break;
      if (clock.now > longest || ++steps === mostSteps || !clock.step()) break;
    }
    if (steps === mostSteps) this.wrong.push("it goes on for ever");
  }

  check(): void {
    const { ledger } = this.host;
    const { isDisturbed, isDamaged, isSlow } = this.network;
    for (const { calls, closedAt, isGone, isClosed, process } of this.users) {
      for (const made of calls) {
        if (isGone) {
          if (ledger.effects(made.key) > 1) this.wrong.push(`${made.key}: its function ran ${ledger.effects(made.key)} times`);
        } else
          this.wrong.push(
            ...judge(made, { ledger, isDisturbed, isDamaged, isSlow, closedAt, isOverFiles: false, promptness: sessionPromptness }).map(
              (text) => `${made.key}: ${text}`,
            ),
          );
      }
      if (!isGone && !isClosed) this.wrong.push(`${process.name} was never closed`);
    }
    for (const { process, delay, callback } of this.clock.timers) {
      this.wrong.push(`a timer of ${process.name} is left, of ${delay} ms: ${String(callback).slice(0, 80)}`);
    }
    for (const left of this.host.leftovers) this.wrong.push(`${left} is left`);
    for (const link of this.network.links) if (!link.isLeft && !link.client.isGone && link.isMade) this.wrong.push(`${link.name} is left`);
    for (const error of this.clock.thrown) this.wrong.push(`thrown: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

/** Runs one seed. */
export async function runSession(seed: number): Promise<Outcome> {
  const run = new SessionRun(seed);
  const unhandled = (reason: unknown): void => {
    run.wrong.push(`nobody took a rejection: ${reason instanceof Error ? reason.stack : String(reason)}`);
  };
  process.on("unhandledRejection", unhandled);
  const installed = run.clock.install();
  try {
    run.plan();
    await run.run();
    run.check();
    return run;
  } finally {
    installed[Symbol.dispose]();
    process.off("unhandledRejection", unhandled);
    present.host = undefined;
  }
}
