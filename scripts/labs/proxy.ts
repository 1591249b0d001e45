/* A TCP proxy on loopback that can be cut, stalled in one direction or both, delayed, slowed and made to damage what it carries. */
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { portOf } from "./port.ts";
import { Flow, Meter } from "./proxy-flow.ts";
import { Lane } from "./proxy-lane.ts";

/** The client is who connects to the proxy, the server what the proxy connects to. */
export type Direction = "to-server" | "to-client";

export interface ProxyOptions {
  /** Milliseconds that each chunk is held back, in each direction. Default 0. */
  delay?: number;
  address?: string;
}

export interface Proxy extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Bytes carried so far, both directions. */
  readonly carried: number;
  /** Bytes carried so far in one direction. */
  carriedIn(direction: Direction): number;
  /** Ends every connection with a reset and refuses new ones. */
  cut(): void;
  /** Keeps connections open but carries no byte any more, in neither direction; new ones are accepted and stay silent. */
  blackhole(): void;
  /** The connections there are carry no byte any more, for good, as when a router on the way has forgotten them; new ones work. */
  strand(): void;
  /** Goes on carrying bytes in this direction (default: to the server) and none in the other. */
  halfOpen(carrying?: Direction): void;
  /** Carries at most so many bytes in a second on each connection, in one direction or (default) in both. */
  slow(bytesPerSecond: number, direction?: Direction): void;
  /** Flips one bit, once: in the byte that comes after `atByte` others from now on. */
  flipBit(direction: Direction, atByte: number, bit?: number): void;
  /** Carries again and at full speed; connections that were stalled go on where they were. A delay stays. */
  restore(): void;
  /** Calls back once when so many bytes have been carried from now on, in one direction or (default) in both together. No byte more is carried before. */
  afterBytes(count: number, callback: () => void, direction?: Direction): void;
  setDelay(milliseconds: number): void;
  stop(): Promise<void>;
}

export async function startProxy(target: { host: string; port: number }, options: ProxyOptions = {}): Promise<Proxy> {
  const proxy = new TcpProxy(target, options);
  await proxy.listen();
  return proxy;
}

class TcpProxy implements Proxy {
  readonly address: string;
  port = 0;
  accepted = 0;
  readonly #target: { host: string; port: number };
  readonly #total = new Meter();
  readonly #flows: Readonly<Record<Direction, Flow>>;
  readonly #sockets = new Set<Socket>();
  readonly #running = new Set<Promise<void>>();
  readonly #lanes = new Set<Lane>();
  #server: Server | undefined;
  #refusing = false;

  constructor(target: { host: string; port: number }, options: ProxyOptions) {
    this.#target = target;
    this.address = options.address ?? "127.0.0.1";
    const delay = options.delay ?? 0;
    this.#flows = { "to-server": new Flow(this.#total, delay), "to-client": new Flow(this.#total, delay) };
  }

  get carried(): number {
    return this.#total.carried;
  }

  carriedIn(direction: Direction): number {
    return this.#flows[direction].meter.carried;
  }

  listen(): Promise<void> {
    // A side that has said all it has to say may still listen, and the proxy must not answer for the other.
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, this.address, () => {
        this.port = portOf(server);
        resolve();
      });
    });
  }

  cut(): void {
    this.#refusing = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  blackhole(): void {
    for (const flow of this.#each()) flow.stall();
  }

  strand(): void {
    for (const lane of this.#lanes) lane.strand();
  }

  halfOpen(carrying: Direction = "to-server"): void {
    this.#flows[carrying].go();
    this.#flows[carrying === "to-server" ? "to-client" : "to-server"].stall();
  }

  slow(bytesPerSecond: number, direction?: Direction): void {
    if (!(bytesPerSecond > 0)) throw new RangeError("bytesPerSecond must be above 0");
    for (const flow of this.#each(direction)) flow.rate = bytesPerSecond;
  }

  flipBit(direction: Direction, atByte: number, bit = 0): void {
    this.#flows[direction].flip(atByte, bit);
  }

  restore(): void {
    this.#refusing = false;
    for (const flow of this.#each()) {
      flow.rate = Infinity;
      flow.go();
    }
  }

  afterBytes(count: number, callback: () => void, direction?: Direction): void {
    const meter = direction === undefined ? this.#total : this.#flows[direction].meter;
    meter.after(count, callback);
  }

  setDelay(milliseconds: number): void {
    for (const flow of this.#each()) flow.delay = milliseconds;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    for (const socket of this.#sockets) socket.destroy();
    for (const lane of this.#lanes) lane.free();
    this.restore();
    this.#refusing = true;
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
    await Promise.all(this.#running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #each(direction?: Direction): Flow[] {
    return direction === undefined ? Object.values(this.#flows) : [this.#flows[direction]];
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...this.#target, allowHalfOpen: true });
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      // Either end may reset; its lane then closes the other.
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
    }
    this.#run(new Lane(client, server, this.#flows["to-server"]));
    this.#run(new Lane(server, client, this.#flows["to-client"]));
  }

  #run(lane: Lane): void {
    const running = lane.run().finally(() => {
      this.#running.delete(running);
      this.#lanes.delete(lane);
    });
    this.#running.add(running);
    this.#lanes.add(lane);
  }
}
