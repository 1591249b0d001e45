/*
 * The hostile half of every stub: an HTTP server on loopback that disturbs its requests as gateways do. What a request means is the
 * dialect's half. Standing hostilities hold for all requests; faults hit chosen ones.
 */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RestBed, RestFault, RestPurpose, RestSeen } from "@sremote/connectors/testing";

export interface StubRequest {
  readonly method: string;
  /** Percent-decoded, below the base path. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly incoming: IncomingMessage;
  /** The body in memory. */
  body(): Promise<Buffer>;
}

export interface StubReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: Buffer | string | Readable;
}

/** Every how many requests of its purpose something goes wrong; 0: never. */
export interface Hostility {
  readonly tooManyRequests: number;
  readonly unavailable: number;
  readonly errorBody: number;
  readonly expire: number;
  readonly twice: number;
  /** What a command prints loses its white space at the end, and all beyond so many bytes. */
  readonly trim: boolean;
  readonly outputCap: number;
}

export const peaceful: Hostility = {
  tooManyRequests: 0,
  unavailable: 0,
  errorBody: 0,
  expire: 0,
  twice: 0,
  trim: false,
  outputCap: Number.POSITIVE_INFINITY,
};

/** The default. The numbers are prime, so that the troubles meet in every combination. */
export const hostile: Hostility = {
  tooManyRequests: 11,
  unavailable: 13,
  errorBody: 17,
  // A token is everybody's: each time all requests under way are refused.
  expire: 41,
  twice: 3,
  trim: true,
  outputCap: 1 << 20,
};

/**
 * The same request is disturbed at most so often in a row. Clients try seven times, and among the thousands of requests of a suite chance alone would
 * hit one seven times.
 */
const mostInRow = 4;

interface Planned {
  readonly purpose: RestPurpose;
  readonly fault: RestFault;
  skip: number;
  times: number;
}

/** A stub's own half. */
export interface Dialect {
  readonly base: string;
  /** What a request is for, and about. */
  classify(request: StubRequest): Promise<{ purpose: RestPurpose; subject: string }>;
  /** @param loss what becomes of a command's output */
  handle(request: StubRequest, loss?: OutputLoss): Promise<StubReply>;
  /** How the service says with status 200 that something went wrong. */
  errorBody(request: StubRequest): StubReply;
  /** Says that a file is not there. */
  missing(request: StubRequest): StubReply;
  /** Ends the session or token that the request has. */
  expire(request: StubRequest): void;
}

/** How a command's output suffers on its way, beside what is usual. */
export type OutputLoss = "mute" | "half-output" | "no-exit-code" | "queue";

export class HostileServer implements AsyncDisposable, RestBed {
  limits: RestBed["limits"];
  purposes: RestBed["purposes"];
  /** Bodies and files beyond these are refused with 413. */
  most: { put?: number; get?: number } = {};
  faults: readonly RestFault["kind"][] = [
    "status",
    "status-after",
    "cut-before",
    "cut-after",
    "error-body",
    "expire",
    "twice",
    "missing",
    "mute",
    "half-output",
    "redirect",
    "huge",
    "hang",
    "half",
  ];
  readonly seen: RestSeen[] = [];
  /** Whether files are not to be seen yet. */
  lateBy: (() => boolean) | undefined;
  hostility: Hostility;
  readonly #dialect: Dialect;
  readonly #planned: Planned[] = [];
  readonly #counts = new Map<string, number>();
  /** How often the same request was disturbed in a row. */
  readonly #inRow = new Map<string, number>();
  readonly #server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));

  constructor(dialect: Dialect, hostility: Hostility) {
    this.#dialect = dialect;
    this.hostility = hostility;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `${this.origin}${this.#dialect.base}`;
  }

  /** Disturbs the next requests of a purpose. */
  inject(purpose: RestPurpose, fault: RestFault, { skip = 0, times = 1 }: { skip?: number; times?: number } = {}): void {
    this.#planned.push({ purpose, fault, skip, times });
  }

  /** Requests since the last call. */
  take(): RestSeen[] {
    return this.seen.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://stub");
    const request: StubRequest = {
      method: incoming.method ?? "GET",
      path: decodeURIComponent(url.pathname.slice(this.#dialect.base.length)),
      query: url.searchParams,
      incoming,
      body: bodyOnce(incoming),
    };
    const { purpose, subject } = await this.#dialect.classify(request);
    const tooLarge = purpose === "put" && Number(incoming.headers["content-length"] ?? 0) > (this.most.put ?? Number.POSITIVE_INFINITY);
    const fault = tooLarge
      ? ({ kind: "status", status: 413 } as const)
      : this.#fault(purpose, request.method, `${purpose} ${request.method} ${request.path} ${subject}`);
    this.seen.push({ purpose, method: request.method, path: request.path, subject, fault });
    try {
      await this.#answer(request, outgoing, fault);
    } catch (error) {
      if (!outgoing.headersSent) outgoing.writeHead(500, { "content-type": "text/plain" });
      outgoing.end(String(error));
    }
  }

  #fault(purpose: RestPurpose, method: string, about: string): RestFault | undefined {
    const due = this.#planned.filter((plan) => plan.purpose === purpose && plan.times > 0).find((plan) => plan.skip-- <= 0);
    if (due !== undefined) {
      due.times -= 1;
      return due.fault;
    }
    if (purpose === "get" && this.lateBy?.() === true) return { kind: "missing" };
    if (purpose === "login") return undefined;
    const { tooManyRequests, unavailable, errorBody, expire, twice } = this.hostility;
    const every = (name: string, period: number): boolean => {
      const count = (this.#counts.get(name) ?? 0) + 1;
      this.#counts.set(name, count);
      return period > 0 && count % period === 0;
    };
    const found: RestFault[] = [];
    if (every("429", tooManyRequests)) found.push({ kind: "status", status: 429, retryAfter: "0" });
    if (every("503", unavailable)) found.push({ kind: "status", status: 503, retryAfter: "0" });
    if (every("error", errorBody)) found.push({ kind: "error-body" });
    if (every("expire", expire)) found.push({ kind: "expire" });
    if (method === "POST" && every("twice", twice)) found.push({ kind: "twice", answer: ((this.#counts.get("twice") ?? 0) % 2) as 0 | 1 });
    const [fault] = found;
    const isTrouble = fault !== undefined && fault.kind !== "twice";
    const before = this.#inRow.get(about) ?? 0;
    if (isTrouble && before < mostInRow) this.#inRow.set(about, before + 1);
    else this.#inRow.delete(about);
    return isTrouble && before >= mostInRow ? undefined : fault;
  }

  async #answer(request: StubRequest, outgoing: ServerResponse, fault: RestFault | undefined): Promise<void> {
    const { incoming } = request;
    switch (fault?.kind) {
      case "status":
        incoming.resume();
        outgoing.writeHead(fault.status, {
          "content-type": "text/plain",
          ...(fault.retryAfter !== undefined && { "retry-after": fault.retryAfter }),
        });
        return void outgoing.end("refused by the stub");
      case "cut-before":
        return void incoming.socket.destroy();
      case "error-body":
        incoming.resume();
        return send(outgoing, this.#dialect.errorBody(request));
      case "redirect":
        incoming.resume();
        outgoing.writeHead(fault.status ?? 302, { location: fault.location });
        return void outgoing.end();
      case "huge": {
        incoming.resume();
        outgoing.writeHead(200, { "content-type": "application/json" });
        const block = Buffer.alloc(65_536, "x");
        await pipeline(Readable.from(Array.from({ length: Math.ceil(fault.bytes / block.length) }, () => block)), outgoing).catch(() => {}); // the client had enough
        return;
      }
      case "hang":
        incoming.resume();
        await once(incoming.socket, "close");
        return;
      case "missing":
        incoming.resume();
        return send(outgoing, this.#dialect.missing(request));
      case "expire":
        this.#dialect.expire(request);
        break;
      default:
    }
    const losses: readonly (string | undefined)[] = ["mute", "half-output", "no-exit-code", "queue"] satisfies OutputLoss[];
    const loss = losses.includes(fault?.kind) ? (fault?.kind as OutputLoss) : undefined;
    const replies = [await this.#dialect.handle(request, loss)];
    if (fault?.kind === "twice") replies.push(await this.#dialect.handle(request));
    const reply = (fault?.kind === "twice" ? replies[fault.answer] : replies[0]) ?? {};
    if (Number(reply.headers?.["content-length"] ?? 0) > (this.most.get ?? Number.POSITIVE_INFINITY)) {
      if (reply.body instanceof Readable) reply.body.destroy();
      return send(outgoing, { status: 413, body: "too large" });
    }
    switch (fault?.kind) {
      case "cut-after":
        return void incoming.socket.destroy();
      case "status-after":
        return send(outgoing, { status: fault.status, body: "gave up waiting" });
      case "half":
        return sendHalf(outgoing, reply);
      default:
        return send(outgoing, reply);
    }
  }
}

function bodyOnce(incoming: IncomingMessage): () => Promise<Buffer> {
  let read: Promise<Buffer> | undefined;
  return () =>
    (read ??= (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks);
    })());
}

async function send(outgoing: ServerResponse, reply: StubReply): Promise<void> {
  const type = reply.json === undefined ? "application/octet-stream" : "application/json";
  outgoing.writeHead(reply.status ?? 200, { "content-type": type, ...reply.headers });
  if (reply.body instanceof Readable) {
    await pipeline(reply.body, outgoing).catch(() => {}); // the client has gone
    return;
  }
  outgoing.end(reply.json === undefined ? reply.body : JSON.stringify(reply.json));
}

async function sendHalf(outgoing: ServerResponse, reply: StubReply): Promise<void> {
  const { body = "", json } = reply;
  const chunks: Buffer[] = [];
  if (body instanceof Readable) for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  else chunks.push(Buffer.from(json === undefined ? body : JSON.stringify(json)));
  const whole = Buffer.concat(chunks);
  outgoing.writeHead(reply.status ?? 200, { "content-length": String(whole.length), ...reply.headers });
  outgoing.write(whole.subarray(0, whole.length >> 1), () => outgoing.destroy());
}
