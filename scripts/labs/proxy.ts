/* A TCP proxy on loopback that can be cut, stalled and slowed. */
import { connect, createServer } from "node:net";
import { portOf } from "./port.ts";
import type { Server, Socket } from "node:net";

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
  /** Ends every connection with a reset and refuses new ones. */
  cut(): void;
  /** Keeps connections open but carries no byte any more, in neither direction; new ones are accepted and stay silent. */
  blackhole(): void;
  /** Carries again; connections that were stalled go on. */
  restore(): void;
  /** Calls back once when so many bytes have been carried from now on. */
  afterBytes(count: number, callback: () => void): void;
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
  carried = 0;
  readonly #target: { host: string; port: number };
  #delay: number;
  #server: Server | undefined;
  #mode: "open" | "cut" | "blackhole" = "open";
  readonly #sockets = new Set<Socket>();
  readonly #resume: (() => void)[] = [];
  readonly #marks: { at: number; callback: () => void }[] = [];

  constructor(target: { host: string; port: number }, options: ProxyOptions) {
    this.#target = target;
    this.address = options.address ?? "127.0.0.1";
    this.#delay = options.delay ?? 0;
  }

  listen(): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
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
    this.#mode = "cut";
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  blackhole(): void {
    this.#mode = "blackhole";
  }

  restore(): void {
    this.#mode = "open";
    for (const go of this.#resume.splice(0)) go();
  }

  afterBytes(count: number, callback: () => void): void {
    this.#marks.push({ at: this.carried + count, callback });
  }

  setDelay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    if (this.#mode === "cut") {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(this.#target);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      // Either end may reset; the other is then ended below.
      socket.on("error", () => undefined);
    }
    client.on("close", () => this.#closed(client, upstream));
    upstream.on("close", () => this.#closed(upstream, client));
    this.#carry(client, upstream);
    this.#carry(upstream, client);
  }

  #closed(socket: Socket, other: Socket): void {
    this.#sockets.delete(socket);
    if (this.#mode === "blackhole") return;
    other.destroy();
  }

  #carry(from: Socket, to: Socket): void {
    const later = (action: () => void): void => {
      if (this.#mode === "blackhole") {
        from.pause();
        this.#resume.push(() => {
          action();
          from.resume();
        });
      } else if (this.#delay > 0) setTimeout(action, this.#delay);
      else action();
    };
    from.on("data", (chunk: Buffer) =>
      later(() => {
        this.#count(chunk.length);
        if (to.destroyed) return;
        if (!to.write(chunk)) {
          from.pause();
          to.once("drain", () => from.resume());
        }
      }),
    );
    from.on("end", () => later(() => to.end()));
  }

  #count(bytes: number): void {
    this.carried += bytes;
    for (const mark of this.#marks.filter((each) => each.at <= this.carried)) {
      this.#marks.splice(this.#marks.indexOf(mark), 1);
      mark.callback();
    }
  }
}
