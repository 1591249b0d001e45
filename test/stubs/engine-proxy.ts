/* A proxy before a Docker Engine's socket, which can be cut, and lose the answer to a chosen request. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";

export class EngineProxy implements AsyncDisposable {
  readonly socketPath: string;
  readonly #target: string;
  readonly #server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  readonly #sockets = new Set<Socket>();
  #losing: { readonly request: RegExp; readonly met: PromiseWithResolvers<void> } | undefined;

  private constructor(socketPath: string, target: string) {
    this.socketPath = socketPath;
    this.#target = target;
  }

  static async start(socketPath: string, target: string): Promise<EngineProxy> {
    const proxy = new EngineProxy(socketPath, target);
    proxy.#server.listen(socketPath);
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** Ends every connection; new ones work. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The next request whose beginning matches reaches the engine; when the answer comes, the connection ends. @returns resolves then */
  loseAnswerTo(request: RegExp): Promise<void> {
    const met = Promise.withResolvers<void>();
    this.#losing = { request, met };
    return met.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    await closed;
  }

  #accept(client: Socket): void {
    const engine = connect({ path: this.#target, allowHalfOpen: true });
    let lost: PromiseWithResolvers<void> | undefined;
    for (const socket of [client, engine]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        engine.destroy();
      });
    }
    // One request at a time: the client does not pipeline.
    client.on("data", (chunk: Buffer) => {
      if (this.#losing?.request.test(chunk.toString("latin1", 0, 200)) === true) {
        lost = this.#losing.met;
        this.#losing = undefined;
      }
      engine.write(chunk);
    });
    client.on("end", () => engine.end());
    engine.on("data", (chunk: Buffer) => {
      if (lost === undefined) {
        client.write(chunk);
        return;
      }
      lost.resolve();
      client.destroy();
    });
    engine.on("end", () => client.end());
  }
}
