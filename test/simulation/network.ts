/* The network between clients and the host: a connector whose `spawn` gives links of the simulation, and the weather that acts on them. */
import { once } from "node:events";
import type { Command, Connector, ExecResult, SpawnOptions } from "@sremote/connectors";
import { ConnectError, SremoteError } from "@sremote/protocol";
import type { SimHost } from "./host.ts";
import { SimLink } from "./link.ts";
import { running, type SimProcess } from "./virtual-clock.ts";

export class Network {
  readonly host: SimHost;
  readonly links: SimLink[] = [];
  /** Something was done to a link or to the host that may cost calls their outcome. */
  isDisturbed = false;
  /** A byte was changed on its way. */
  isDamaged = false;
  /** A host that does what is asked at once may seem silent. */
  readonly isSlow: boolean;
  /** When something last came to each client. */
  readonly heardAt = new Map<SimProcess, number>();
  /** Told of every piece of bytes that has come over a link. */
  onCarried: ((link: SimLink) => void) | undefined;
  /** On which link the present strike is, if that is said. */
  #target: SimLink | undefined;
  /** Milliseconds one way. */
  readonly #delay: () => number;
  /** Until when no connection can be made. */
  #downUntil = 0;

  constructor(host: SimHost) {
    const { chance } = host;
    this.host = host;
    const usual = chance.pick<[number, number]>([
      [0, 1],
      [1, 5],
      [20, 40],
      [5, 200],
    ]);
    const held = chance.pick([0, 0, 0.1, 0.3]);
    this.#delay = () => chance.between(...usual) + (chance.happens(held) ? chance.between(0, 400) : 0);
    this.isSlow = usual[1] > 100 || held > 0;
    // With a short heartbeat it is taken for lost.
    this.isDisturbed = this.isSlow;
  }

  get #open(): SimLink[] {
    return this.links.filter((link) => !link.isOver);
  }

  /** What a client reaches the host with. */
  connector(client: SimProcess): Connector {
    const label = "sim://host";
    const unsupported = (): never => {
      throw new SremoteError("unsupported", "no session pushes or pulls");
    };
    const close = async (): Promise<void> => undefined;
    return {
      label,
      acceptsStdin: true,
      exec: (command, options = {}) => this.#probe(command, options, client),
      push: async () => unsupported(),
      pull: async () => unsupported(),
      status: async () => ({ ok: true, message: "simulated" }),
      spawn: (command, options = {}) => this.#spawn(command, options, client),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  async #spawn(command: Command, { signal }: SpawnOptions, client: SimProcess): Promise<SimLink["remote"]> {
    const { clock, chance } = this.host;
    const name = `link ${this.links.length + 1}`;
    const link = new SimLink(name, this.host, client, this.#delay);
    link.down.onCarried = () => {
      this.heardAt.set(client, clock.now);
      this.onCarried?.(link);
    };
    link.up.onCarried = () => this.onCarried?.(link);
    this.links.push(link);
    const { promise, resolve, reject } = Promise.withResolvers<SimLink["remote"]>();
    const hangs = clock.now < this.#downUntil && chance.happens(0.3);
    // A connector that does not mind the signal is none: it must not hold anything when it is aborted.
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal?.aborted === true) reject(signal.reason);
    if (hangs) {
      this.host.note(`${name} is asked for, and nobody answers`);
      clock.after(30_000, running.getStore(), () => reject(new ConnectError("connect-timeout", "nobody answered (simulated)")));
      return promise;
    }
    clock.after(this.#delay() + chance.between(0, 20), client, () => {
      if (signal?.aborted === true) return;
      if (clock.now < this.#downUntil) {
        this.host.note(`${name} is refused`);
        return reject(new ConnectError("connect-refused", "the network is down (simulated)"));
      }
      this.host.note(`${name} is made by ${client.name}`);
      link.isMade = true;
      resolve(link.remote);
      clock.after(this.#delay(), undefined, () => this.#start(link, command));
    });
    return promise;
  }

  /** The one command that a session executes: the probe, after an interpreter that did not start. */
  async #probe(command: Command, options: SpawnOptions, client: SimProcess): Promise<ExecResult> {
    const [a, b] = (command as readonly string[]).slice(4);
    const process = await this.#spawn(["probe"], options, client);
    process.stdout.resume();
    const { promise: silent, reject } = Promise.withResolvers<never>();
    options.signal?.addEventListener("abort", () => reject(options.signal?.reason), { once: true });
    // Connectors notice by themselves that nobody answers a command.
    const timer = setTimeout(() => reject(new ConnectError("connection-lost", "the host is silent (simulated)")), 30_000);
    const [ending] = await Promise.race([Promise.all([process.exit, once(process.stdout, "close")]), silent]).finally(() => {
      clearTimeout(timer);
      void process[Symbol.asyncDispose]();
    });
    const answer = `${b}${a}\nnode=24.0.0 /usr/bin/node\ninstalled=no\nend=yes\n`;
    return { ...ending, stdout: Buffer.from(answer), stderr: Buffer.alloc(0) };
  }

  #start(link: SimLink, command: Command): void {
    const argv = command as readonly string[];
    if (argv[0] === "probe") return link.processEnded({ exitCode: 0, signal: null });
    const [address, a, b] = argv.slice(-3) as [string, string, string];
    if (address.startsWith("/sim/")) return this.host.attach(link, address, [a, b]);
    // As sessionCommand makes it: sh -c SCRIPT sremote stage A B …
    this.host.launch(link, [argv[5]!, argv[6]!]);
  }

  /** Something happens to a link, or to the host. */
  readonly weather: Readonly<Record<string, () => void>> = {
    cut: () => this.#onOne((link) => this.#cut(link)),
    "cut all": () => {
      for (const link of this.#open) this.#cut(link);
    },
    stall: () =>
      this.#onOne((link) => {
        const { chance } = this.host;
        const milliseconds = chance.pick([50, 500, 3000, 20_000]);
        this.host.note(`${link.name} stalls for ${milliseconds} ms`);
        if (chance.happens(0.7)) link.up.stall(milliseconds);
        if (chance.happens(0.7)) link.down.stall(milliseconds);
      }),
    // The client takes the link for lost and makes another, while the old one still delivers.
    late: () =>
      this.#onOne((link) => {
        const { chance } = this.host;
        const [up, down] = [chance.between(0, 600), chance.between(0, 600)];
        this.host.note(`${link.name} is late by ${up} and ${down} ms, and taken for lost`);
        link.up.stall(up);
        link.down.stall(down);
        link.cut(chance.between(0, 20), chance.pick([0, 300, undefined]), true);
      }),
    "half close": () =>
      this.#onOne((link) => {
        const isUp = this.host.chance.happens(0.5);
        this.host.note(`${link.name} is closed ${isUp ? "to the host" : "from the host"}`);
        if (isUp) link.up.endNow();
        else link.down.endNow();
      }),
    damage: () =>
      this.#onOne((link) => {
        // What starts the supervisor is checked by its own digest, which ends the start.
        if (link.down.carried === 0) return;
        this.isDamaged = true;
        this.host.note(`${link.name} is damaged`);
        if (this.host.chance.happens(0.5)) link.up.damage();
        else link.down.damage();
      }),
    down: () => {
      const milliseconds = this.host.chance.pick([100, 1000, 5000, 40_000]);
      this.host.note(`the network is down for ${milliseconds} ms`);
      this.#downUntil = this.host.clock.now + milliseconds;
      for (const link of this.#open) this.#cut(link);
    },
    "crash of the supervisor": () => this.host.crash(),
    "end of a worker": () => this.host.killWorker(),
  };

  /** @param name one of {@link weather} */
  strike(name: string, target?: SimLink): void {
    this.isDisturbed = true;
    this.#target = target;
    this.weather[name]!();
  }

  #onOne(act: (link: SimLink) => void): void {
    const target = this.#target;
    const links = target === undefined ? this.#open : [target].filter((link) => !link.isOver);
    if (links.length > 0) act(this.host.chance.pick(links));
  }

  #cut(link: SimLink): void {
    const { chance } = this.host;
    const after = (): number | undefined => chance.pick([0, chance.between(1, 50), chance.between(50, 3000), undefined]);
    const [client, host, arrives] = [after(), after(), chance.happens(0.5)];
    this.host.note(
      `${link.name} is cut; the client notices after ${client} ms, the host after ${host} ms, ${arrives ? "what is on its way arrives" : "what is on its way is lost"}`,
    );
    link.cut(client, host, arrives);
  }

  /** A client's process is gone: what the kernel did for it ends. */
  abandon(client: SimProcess): void {
    for (const link of this.links) {
      if (link.client === client && !link.isOver)
        link.cut(undefined, this.host.chance.pick([0, 5, 1000, undefined]), this.host.chance.happens(0.5));
    }
  }
}
