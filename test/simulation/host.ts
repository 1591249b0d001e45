/*
 * The host of a session: its supervisor is the product's own (packages/endpoint/node/session), in this process. What the operating system does for it,
 * processes, sockets and a directory, is made here; `surroundings.ts` puts it in the place of Node's.
 */
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { sessionPayloadOf } from "../../packages/client/src/host/launch.ts";
import type { Marker } from "../../packages/client/src/host/marker.ts";
import { Link } from "../../packages/endpoint/node/session/link.ts";
import { Session } from "../../packages/endpoint/node/session/session.ts";
import { Ledger } from "./ledger.ts";
import type { SimLink } from "./link.ts";
import { duplexOf, readableOf, type Surroundings, writableOf } from "./pipe.ts";
import { present } from "./present.ts";
import { running, SimProcess } from "./virtual-clock.ts";
import { SimWorker } from "./worker.ts";

interface Server {
  readonly process: SimProcess;
  accept(socket: Duplex): void;
}

interface Supervisor {
  readonly process: SimProcess;
  session: Session | undefined;
  /** Of the process itself, then of those that were attached. */
  readonly links: SimLink[];
}

const facts = {
  runtime: "node",
  version: "24.0.0",
  executable: "/usr/bin/node",
  platform: "linux",
  pid: 1,
  home: "/home/sim",
  base: "/home/sim/.sremote",
  endpoint: null,
} as const;

/** After so many milliseconds the server of a connection notices that its client is gone. */
export const serverPatience = 120_000;

export class SimHost implements Surroundings {
  readonly clock: Surroundings["clock"];
  readonly chance: Surroundings["chance"];
  readonly ledger = new Ledger();
  readonly note: (text: string) => void;
  readonly workers = new Map<number, SimWorker>();
  readonly servers = new Map<string, Server>();
  readonly #supervisors = new Set<Supervisor>();
  #places = 0;
  #pids = 100;
  #started = 0;

  constructor(around: Surroundings, note: (text: string) => void) {
    this.clock = around.clock;
    this.chance = around.chance;
    this.note = note;
    present.host = this;
  }

  /** Supervisors that run. */
  get supervisors(): number {
    return this.#supervisors.size;
  }

  /** What the first stage does: reads the payload, and becomes the supervisor. */
  launch(link: SimLink, [a, b]: Marker): void {
    const supervisor: Supervisor = { process: new SimProcess(`supervisor ${++this.#started}`), session: undefined, links: [link] };
    const { process } = supervisor;
    this.#supervisors.add(supervisor);
    link.onHangUp = (signal) => {
      if (signal === "SIGKILL" || supervisor.session === undefined) this.#crash(supervisor);
      else running.run(process, () => supervisor.session?.end());
    };
    // Before the client has said hello nobody on the host but the server of the connection watches for silence.
    this.clock.after(serverPatience, process, () => {
      const isGreeted = [...this.servers.values()].some((server) => server.process === process);
      if (!isGreeted) this.#crash(supervisor);
    });
    let left = sessionPayloadOf("node").size;
    const parts: Buffer[] = [];
    link.up.open({
      process,
      data: (chunk) => {
        const own = Math.min(left, chunk.length);
        left -= own;
        parts.push(chunk.subarray(own));
        if (left > 0) return;
        link.up.close(Buffer.concat(parts));
        this.clock.after(this.chance.between(5, this.chance.happens(0.1) ? 3000 : 100), process, () => {
          this.#start(supervisor, link, b + a);
        });
      },
      end: () => this.#exit(supervisor, 1),
    });
  }

  /** As startSession of session/serve.ts. */
  #start(supervisor: Supervisor, link: SimLink, marker: string): void {
    this.note(`${supervisor.process.name} starts on ${link.name}`);
    const input = readableOf(link.up, supervisor.process);
    const output = writableOf(link.down);
    const session = new Session({
      base: facts.base,
      host: facts,
      source: "the program",
      umask: 0o022,
      onEnd: () => this.#exit(supervisor, 0),
    });
    supervisor.session = session;
    output.write(marker);
    session.begin((events) => new Link(input, output, events));
  }

  /** The client runs `attach`: attach.cjs. */
  attach(link: SimLink, address: string, [a, b]: Marker): void {
    const server = this.servers.get(address);
    const supervisor = [...this.#supervisors].find(({ process }) => process === server?.process);
    if (server === undefined || supervisor === undefined) {
      this.note(`${link.name} finds no supervisor`);
      link.down.write(Buffer.from(`${b}${a}N\nreason=session\n`), () => undefined);
      link.processEnded({ exitCode: 0, signal: null });
      return;
    }
    this.note(`${link.name} attaches`);
    supervisor.links.push(link);
    link.down.write(Buffer.from(b + a), () => undefined);
    running.run(server.process, () => {
      const socket = duplexOf(link.up, link.down, server.process);
      socket.on("close", () => link.processEnded({ exitCode: 0, signal: null }));
      link.onHangUp = () => {
        if (!server.process.isGone) running.run(server.process, () => socket.destroy());
      };
      server.accept(socket);
    });
  }

  #exit(supervisor: Supervisor, status: number): void {
    if (supervisor.process.isGone) return;
    this.note(`${supervisor.process.name} exits with ${status}`);
    running.run(supervisor.process, () => supervisor.session?.kill());
    this.#gone(supervisor, { exitCode: status, signal: null });
  }

  /** SIGKILL. */
  #crash(supervisor: Supervisor): void {
    if (supervisor.process.isGone) return;
    this.note(`${supervisor.process.name} is killed`);
    this.#gone(supervisor, { exitCode: null, signal: "SIGKILL" });
  }

  #gone(supervisor: Supervisor, ending: Parameters<SimLink["processEnded"]>[0]): void {
    const { process, links } = supervisor;
    this.clock.forget(process);
    this.#supervisors.delete(supervisor);
    for (const [path, server] of this.servers) if (server.process === process) this.servers.delete(path);
    for (const [index, link] of links.entries()) link.processEnded(index === 0 ? ending : { exitCode: 0, signal: null });
    // The kernel closes their channels, and the watcher kills their groups.
    for (const worker of this.workers.values()) {
      if (worker.supervisor === process) this.clock.after(this.chance.between(0, 30), worker.process, () => worker.die(null, "SIGKILL"));
    }
  }

  /** A supervisor is killed, if there is one. */
  crash(): void {
    const supervisors = [...this.#supervisors];
    if (supervisors.length > 0) this.#crash(this.chance.pick(supervisors));
  }

  /** A worker's process is killed by somebody else, if there is one. */
  killWorker(): void {
    const workers = [...this.workers.values()].filter(({ process }) => !process.isGone);
    if (workers.length > 0) this.chance.pick(workers).die(null, "SIGKILL");
  }

  startWorker(number: number, program: number): SimWorker {
    const worker = new SimWorker(this, running.getStore()!, number, ++this.#pids, program);
    this.workers.set(this.#pids, worker);
    return worker;
  }

  signal(pid: number, name: NodeJS.Signals | 0): boolean {
    return this.workers.get(pid)?.signal(name) === true;
  }

  newPlace(): string {
    return `/sim/place-${++this.#places}`;
  }

  /** In the place of net.createServer. */
  createServer(accept: (socket: Duplex) => void): EventEmitter & { listen(path: string): void; close(): void } {
    const { servers } = this;
    let server: Server | undefined;
    return Object.assign(new EventEmitter(), {
      listen: (path: string) => {
        server = { process: running.getStore()!, accept };
        servers.set(path, server);
      },
      close: () => {
        for (const [path, each] of servers) if (each === server) servers.delete(path);
      },
    });
  }

  rename(from: string, to: string): void {
    const server = this.servers.get(from);
    if (server === undefined) throw new Error(`nobody listens at ${from}`);
    this.servers.delete(from);
    this.servers.set(to, server);
  }

  /** What is left on the host. */
  get leftovers(): string[] {
    const workers = [...this.workers.values()].filter(({ process }) => !process.isGone);
    return [
      ...Array.from(this.#supervisors, ({ process }) => process.name),
      ...workers.map(({ process }) => process.name),
      ...this.servers.keys(),
    ];
  }
}
