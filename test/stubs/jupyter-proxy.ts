/*
 * A proxy before a real Jupyter Server that understands what it carries, and loses, keeps back, damages or replaces chosen answers: those
 * of HTTP, and on the WebSockets those of the kernel.
 */
import { createServer, request } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { portOf } from "../../scripts/labs/port.ts";
import { Frames, textFrame } from "./websocket-frames.ts";

/** What becomes of an answer. Those that the server gives it gives as ever: what was asked for is done. */
export type Fate =
  /** The connection ends without it. */
  | { readonly kind: "lose" }
  /** It never comes, and the connection stays. */
  | { readonly kind: "withhold" }
  /** Half of it comes, then the connection ends. */
  | { readonly kind: "cut" }
  /** Other bytes come in place of an answer's content. */
  | { readonly kind: "change"; readonly change: (content: Buffer) => Buffer }
  /** It comes when this has been done. */
  | { readonly kind: "after"; readonly act: () => Promise<void> }
  /** The proxy answers itself; the server is not asked. Not for a kernel's. */
  | { readonly kind: "status"; readonly status: number; readonly location?: string };

interface Disturbance {
  readonly request: RegExp;
  readonly fate: Fate;
  times: number;
  readonly begun: PromiseWithResolvers<void>;
}

export class JupyterProxy implements AsyncDisposable {
  /** `POST /base/api/sessions`, `kernel start`: in the order of their arrival. */
  readonly requests: string[] = [];
  readonly #target: number;
  readonly #server = createServer((incoming, reply) => void this.#serve(incoming, reply));
  readonly #sockets = new Set<Duplex>();
  #disturbances: Disturbance[] = [];

  private constructor(port: number) {
    this.#target = port;
    this.#server.on("upgrade", (incoming: IncomingMessage, socket: Duplex) => this.#relay(incoming, socket));
    this.#server.on("connection", (socket: Socket) => this.#keep(socket));
  }

  static async start(port: number): Promise<JupyterProxy> {
    const proxy = new JupyterProxy(port);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${portOf(this.#server)}/base`;
  }

  /** What becomes of the next answers, by default one, to requests whose name this matches. `met` resolves with the first of them. */
  disturb(name: RegExp, fate: Fate, times = 1): { readonly met: Promise<void> } {
    const begun = Promise.withResolvers<void>();
    this.#disturbances.push({ request: name, fate, times, begun });
    return { met: begun.promise };
  }

  /** Disturbances that met no request so often as they should have. */
  get pending(): string[] {
    return this.#disturbances.map(({ request: name, fate }) => `${fate.kind} ${name.source}`);
  }

  /** No disturbance any more. */
  calm(): void {
    this.#disturbances = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #take(name: string): Fate | undefined {
    this.requests.push(name);
    const found = this.#disturbances.find((each) => each.request.test(name));
    if (found === undefined) return undefined;
    found.times -= 1;
    if (found.times === 0) this.#disturbances = this.#disturbances.filter((each) => each !== found);
    found.begun.resolve();
    return found.fate;
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    // Either end may reset; the other is closed with it.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  async #serve(incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    const fate = this.#take(nameOf(incoming));
    const body = await buffer(incoming);
    if (fate?.kind === "status") {
      reply.writeHead(fate.status, fate.location === undefined ? {} : { location: fate.location }).end();
      return;
    }
    const { method, url: path, headers } = incoming;
    const asked = request({ host: "127.0.0.1", port: this.#target, method, path, headers, agent: false });
    asked.end(body);
    let answered: IncomingMessage;
    let content: Buffer;
    try {
      [answered] = (await once(asked, "response")) as [IncomingMessage];
      content = await buffer(answered);
    } catch {
      // The server went away; so does the proxy.
      incoming.socket.destroy();
      return;
    }
    if (fate?.kind === "lose") incoming.socket.destroy();
    if (fate?.kind === "lose" || fate?.kind === "withhold") return;
    if (fate?.kind === "after") await fate.act();
    if (fate?.kind === "change") content = fate.change(content);
    const { "transfer-encoding": _chunked, ...kept } = answered.headers;
    reply.writeHead(answered.statusCode ?? 500, { ...kept, "content-length": content.length });
    if (fate?.kind !== "cut") reply.end(content);
    else reply.write(content.subarray(0, content.length / 2), () => incoming.socket.destroy());
  }

  /** Frames go on as they come; what is done to a kernel's answer is known by the request it answers. */
  #relay(incoming: IncomingMessage, client: Duplex): void {
    const fate = this.#take(nameOf(incoming));
    if (fate?.kind === "status") {
      client.end(`HTTP/1.1 ${fate.status} Elsewhere\r\nlocation: ${fate.location ?? ""}\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const server = connect({ host: "127.0.0.1", port: this.#target });
    this.#keep(server);
    client.on("close", () => server.destroy());
    server.on("close", () => client.destroy());
    const fields = Object.entries(incoming.headers).filter(([name]) => name !== "sec-websocket-extensions");
    server.write(`GET ${incoming.url} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${String(value)}\r\n`).join("")}\r\n`);
    const fates = new Map<string, Fate>();
    const fromClient = new Frames();
    client.on("data", (chunk: Buffer) => {
      for (const { text } of fromClient.take(chunk)) {
        if (text === undefined) continue;
        const { header, content } = JSON.parse(text.toString()) as KernelRequest;
        const verb = /\\"do\\":\\"(\w+)/.exec(content.user_expressions.it)?.[1] ?? "install";
        const chosen = this.#take(`kernel ${verb}`);
        if (chosen !== undefined) fates.set(header.msg_id, chosen);
      }
      server.write(chunk);
    });
    this.#answer(server, client, fates).catch(() => client.destroy()); // A reset: both sides are closed.
  }

  async #answer(server: Socket, client: Duplex, fates: Map<string, Fate>): Promise<void> {
    const frames = new Frames({ afterHead: true });
    for await (const chunk of server as AsyncIterable<Buffer>) {
      for (const { raw, text } of frames.take(chunk)) {
        const { channel, parent_header: parent } = (text === undefined ? {} : JSON.parse(text.toString())) as KernelReply;
        const fate = channel === "shell" ? fates.get(parent?.msg_id ?? "") : undefined;
        fates.delete(channel === "shell" ? (parent?.msg_id ?? "") : "");
        if (fate?.kind === "withhold") continue;
        if (fate?.kind === "lose" || fate?.kind === "cut") {
          if (fate.kind === "cut") client.write(raw.subarray(0, raw.length / 2));
          client.end();
          return;
        }
        if (fate?.kind === "after") await fate.act();
        client.write(fate?.kind === "change" ? textFrame(fate.change(text!)) : raw);
      }
    }
  }
}

interface KernelRequest {
  readonly header: { readonly msg_id: string };
  readonly content: { readonly user_expressions: { readonly it: string } };
}

interface KernelReply {
  readonly channel?: string;
  readonly parent_header?: { readonly msg_id?: string };
}

function nameOf({ method, url }: IncomingMessage): string {
  return `${method} ${url}`;
}
