/*
 * One WebSocket to a kernel (https://jupyter-client.readthedocs.io/en/stable/messaging.html). Only replies on the shell channel are
 * believed; what comes on iopub the server may drop.
 */
import { randomUUID } from "node:crypto";
import type { MessageEvent, WebSocket } from "undici";
import { ConnectError, parseForeignJson, ProtocolError } from "@sremote/protocol";
import { orAborted } from "../../deadline.ts";
import type { HttpLink } from "../http.ts";
import { announcement } from "./program.ts";

/** The kernel ended or was restarted, so that the fate of a request is unknown. */
export class KernelDied extends Error {
  override name = "KernelDied";
  /** Whether the server starts it again by itself. */
  readonly restarts: boolean;

  constructor(restarts: boolean) {
    super();
    this.restarts = restarts;
  }
}

/** The kernel does not know the name: it is another one than before. Nothing was done. */
export class NameUnknown extends Error {
  override name = "NameUnknown";
}

export interface ChannelOptions {
  readonly label: string;
  /** The same for each connection of one client. */
  readonly session: string;
  /** Told the id of a command that has ended. */
  readonly onEnded: (id: string) => void;
  readonly onClose: () => void;
  /** Told of each message that is sent. */
  readonly onSend: () => void;
}

interface Waiting {
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
}

export class KernelChannel {
  readonly #socket: WebSocket;
  readonly #options: ChannelOptions;
  readonly #waiting = new Map<string, Waiting>();
  #closed: Error | undefined;

  private constructor(socket: WebSocket, options: ChannelOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.addEventListener("message", (event) => this.#take(event));
    socket.addEventListener("close", () => this.#end(this.#lost("the connection to the kernel was closed")));
    // `close` follows.
    socket.addEventListener("error", () => {});
  }

  /** Connects; the server answers when the kernel does. */
  static async open(link: HttpLink, options: ChannelOptions, signal: AbortSignal): Promise<KernelChannel> {
    const { WebSocket } = await import("undici");
    const url = new URL(link.url);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, { headers: { ...link.headers }, dispatcher: link.dispatcher });
    const channel = new KernelChannel(socket, options);
    const opened = new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("close", () => reject(channel.#lost("the server does not open a connection to the kernel")));
    });
    try {
      await orAborted(opened, signal);
      return channel;
    } catch (error) {
      opened.catch(() => {});
      channel.close();
      throw error;
    }
  }

  /** Why it can be used no more; undefined while it can. */
  get ended(): Error | undefined {
    return this.#closed;
  }

  /** The text of what an expression of Python yields. */
  async evaluate(expression: string, signal: AbortSignal): Promise<string> {
    if (this.#closed !== undefined) throw this.#closed;
    const id = randomUUID();
    const content = {
      code: "",
      silent: true,
      store_history: false,
      user_expressions: { it: expression },
      allow_stdin: false,
      stop_on_error: false,
    };
    const { session } = this.#options;
    const header = {
      msg_id: id,
      session,
      username: "sremote",
      date: new Date().toISOString(),
      msg_type: "execute_request",
      version: "5.3",
    };
    const answered = new Promise<string>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    answered.catch(() => {});
    this.#options.onSend();
    this.#socket.send(JSON.stringify({ header, parent_header: {}, metadata: {}, content, channel: "shell", buffers: [] }));
    try {
      return await orAborted(answered, signal);
    } finally {
      this.#waiting.delete(id);
    }
  }

  close(): void {
    this.#socket.close();
    this.#end(this.#lost("the connection to the kernel was closed"));
  }

  /** Nothing may be thrown here: it would end the program. */
  #take({ data }: MessageEvent): void {
    if (typeof data !== "string") return;
    try {
      this.#message(parseForeignJson(Buffer.from(data), "a message of the kernel"));
    } catch (error) {
      if (error instanceof ProtocolError && error.code === "limit-exceeded") return this.#end(error);
      // Damaged on the way, if it is a server of Jupyter at all: asked for again as after a lost link.
      this.#end(this.#lost("the server sends something other than messages of a kernel"));
    }
  }

  /** @throws ProtocolError when it is no message */
  #message(message: unknown): void {
    if (!isObject(message)) throw new ProtocolError("protocol-error", "a message of the kernel is not an object");
    const { channel, header: head, parent_header: before, content: body } = message;
    const [header, parent, content] = [head, before, body].map((each) => (isObject(each) ? each : undefined));
    const type = header?.["msg_type"];
    if (channel === "shell" && type === "execute_reply") {
      const id = parent?.["msg_id"];
      const waiting = typeof id === "string" ? this.#waiting.get(id) : undefined;
      if (waiting !== undefined) answer(waiting, content);
    } else if (channel === "iopub" && type === "stream") {
      const text = content?.["text"];
      if (typeof text !== "string") return;
      for (const line of text.split("\n")) {
        if (line.startsWith(announcement)) this.#options.onEnded(line.slice(announcement.length));
      }
    } else if (channel === "iopub" && type === "status") {
      const state = content?.["execution_state"];
      if (state === "restarting" || state === "dead") this.#end(new KernelDied(state === "restarting"));
    }
  }

  #end(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#socket.close();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#options.onClose();
  }

  #lost(summary: string): ConnectError {
    return new ConnectError("connection-lost", summary, { stage: "kernel", host: this.#options.label });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function answer({ resolve, reject }: Waiting, content: Readonly<Record<string, unknown>> | undefined): void {
  const results = content?.["user_expressions"];
  const result = isObject(results) ? results["it"] : undefined;
  const { status, data, ename } = isObject(result) ? result : {};
  const text = isObject(data) ? data["text/plain"] : undefined;
  if (status === "ok" && typeof text === "string") return resolve(text);
  if (ename === "NameError") return reject(new NameUnknown());
  const what = typeof ename === "string" ? ename.slice(0, 100) : String(content?.["status"]).slice(0, 100);
  const hint = "name another one with `kernel`: it must be IPython's (ipykernel), on a host with a POSIX shell";
  reject(new ProtocolError("protocol-error", `the kernel does not answer as one of Python does: ${what}`, { hint }));
}
