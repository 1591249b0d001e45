/*
 * HTTP for REST connectors: one origin, credentials that never leave it, bounded replies, and repetition only of what may be repeated.
 * Built on undici, never on the built-in fetch, whose dispatcher is another undici.
 */
import { checkDownload, checkHttpOptions, checkRequest } from "./request-arguments.ts";
import { Readable } from "node:stream";
import type { Agent, Dispatcher } from "undici";
import { ConnectError, hostLimits, InvalidArgumentError, SremoteError, TransferError, checkString } from "@sremote/protocol";
import { orAborted } from "../deadline.ts";
import { beginningOf, paced, wholeBody } from "./body.ts";
import type { Pace } from "./body.ts";
import type { Content } from "./content.ts";
import { Credentials } from "./credentials.ts";
import type { Granted } from "./credentials.ts";
import type { Download } from "./download.ts";
import { networkProblem, statusProblem, withStatus } from "./http-error.ts";
import type { Problem, Where } from "./http-error.ts";
import { Secrets } from "./redact.ts";
import { saidOf } from "./said.ts";
import { HttpReply } from "./reply.ts";
import { backOff, pause } from "../back-off.ts";
import { longestRetryAfter, retryAfter } from "./retry.ts";

export { HttpReply } from "./reply.ts";

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** Below the base URL: begins with `/`, percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Made anew for each attempt. */
  readonly body?: string | Uint8Array | Content | undefined;
  /** Whether it may be sent again when its fate is unknown. Default: true but for POST and PATCH. */
  readonly idempotent?: boolean | undefined;
  /** Whether the credentials go along. Default true. */
  readonly credentials?: boolean | undefined;
  /** Statuses beyond 2xx that are answers as well, such as the redirect after a login. */
  readonly accept?: readonly number[] | undefined;
  /** Largest reply in bytes; a longer one is `limit-exceeded`. Default 16 MiB. */
  readonly replyLimit?: number | undefined;
  /** Milliseconds until the reply must have begun. Default: the client's. */
  readonly requestTimeout?: number | undefined;
}

/** What a reply of any status means; undefined: what its status says. `redact` makes what the service said fit for a message. */
export type CheckReply = (
  reply: HttpReply,
  request: HttpRequest,
  redact: (text: string) => string,
) => "unauthorized" | SremoteError | undefined;

export interface HttpOptions {
  /** See `checkBaseUrl`. */
  readonly baseUrl: URL;
  /** For errors. */
  readonly label: string;
  /** Texts that must show in no message, such as a password. @default none */
  readonly secrets?: readonly string[] | undefined;
  /** Makes the headers that each request carries: before the first one, and when they were refused. @default none */
  readonly authenticate?: ((http: HttpClient, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>) | undefined;
  /** When the headers of `authenticate` are to be made anew although they were not refused. @default only when they are refused */
  readonly isStale?: (() => boolean) | undefined;
  /** Looks at each reply: see {@link CheckReply}. @default a reply means what its status says */
  readonly check?: CheckReply | undefined;
  /** Certificates (PEM) of authorities to trust instead of the usual ones. @default the usual ones */
  readonly ca?: string | readonly string[] | undefined;
  /** Connects to a UNIX socket instead; the URL's host is then only a name. @default TCP */
  readonly socketPath?: string | undefined;
  /** Milliseconds until a reply must have begun. @default 60 000 */
  readonly requestTimeout?: number | undefined;
}

/** What a connection of another kind to the same service is made with. */
export interface HttpLink {
  readonly url: URL;
  /** Credentials among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Agent;
  /** The UNIX socket on which the service listens, where it does. */
  readonly socketPath: string | undefined;
}

export interface OpenReply {
  /** Status and headers; its body is empty. */
  readonly head: HttpReply;
  readonly body: Readable;
}

const defaultTimeout = 60_000;
/** Milliseconds for TCP and TLS. */
const connectTimeout = 15_000;
/** With the waits between them about seven seconds: as long as a gateway takes to come back. */
const attempts = 7;
const [firstWait, longestWait] = [200, 3000];
/** A session may run out again before the request that renewed it is through. */
const refreshes = 3;
/** JSON of this size may be an error in place of a file. */
const errorSize = hostLimits.refusal;

export class HttpClient {
  readonly label: string;
  /** Number of requests sent so far, repetitions included. */
  requests = 0;
  readonly #options: HttpOptions;
  readonly #base: URL;
  readonly #secrets = new Secrets();
  readonly #credentials: Credentials;
  readonly #closing = new AbortController();
  #agent: Promise<Agent> | undefined;

  /** @throws InvalidArgumentError */
  constructor(options: HttpOptions) {
    checkHttpOptions(options);
    this.label = options.label;
    this.#options = options;
    this.#base = options.baseUrl;
    this.#secrets.add(...(options.secrets ?? []));
    const { authenticate, isStale } = options;
    this.#credentials = new Credentials(authenticate && ((signal) => authenticate(this, signal)), this.#secrets, isStale);
  }

  /** Sends a request and reads the reply whole. Rejects for every status but success. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
    checkRequest(request, signal);
    const where = this.#where(request);
    return this.#persist(request, signal, where, async (response, check) => {
      const reply = await this.#read(response, request.replyLimit ?? hostLimits.reply, where);
      return check(reply) ?? reply;
    });
  }

  /**
   * Reads a file as it comes. When the link ends on the way, it is asked for again and what was taken is skipped: the file must not change.
   * A reply that announces another size than the expected one is `no-such-file`: it is not there as it will be.
   */
  async download(request: HttpRequest, download: Download, signal: AbortSignal): Promise<void> {
    checkRequest(request, signal);
    checkDownload(download);
    const where = this.#where(request);
    let taken = 0;
    await this.#persist(request, signal, where, async (response, check) => {
      const length = Number(response.headers["content-length"] ?? Number.NaN);
      if (isJson(response) && (Number.isNaN(length) || length <= errorSize)) {
        const reply = await this.#read(response, Math.max(download.size ?? 0, errorSize) + 1, where);
        const problem = check(reply);
        if (problem !== undefined) return problem;
        await download.take(reply.bytes.subarray(taken));
        taken = reply.bytes.length;
        return undefined;
      }
      if (download.size !== undefined && !Number.isNaN(length) && length !== download.size) {
        response.body.on("error", () => {}).destroy();
        throw new TransferError("no-such-file", `${where.what}: ${length} of ${download.size} bytes are there`, this.#about(where));
      }
      let at = 0;
      for await (const chunk of paced(response.body, this.#pace(where))) {
        signal.throwIfAborted();
        const fresh = chunk.subarray(Math.min(chunk.length, Math.max(0, taken - at)));
        at += chunk.length;
        if (fresh.length === 0) continue;
        if (download.size !== undefined && at > download.size) {
          throw new TransferError("transfer-failed", `${where.what}: more than the ${download.size} bytes of the file`, this.#about(where));
        }
        taken = at;
        await download.take(fresh);
      }
      return undefined;
    });
  }

  /** Sends a request and hands over the reply as a stream, for what goes on for long. Who takes it reads it to its end or destroys it. */
  async open(request: HttpRequest, signal: AbortSignal): Promise<OpenReply> {
    checkRequest(request, signal);
    return this.#persist(request, signal, this.#where(request), async ({ statusCode, headers, body }) => {
      const head = new HttpReply(statusCode, headers, new Uint8Array(0));
      return { head, body };
    });
  }

  /** For a connection that is no request and reply, such as a WebSocket. Counts as a request; who opens it follows no redirect. */
  async link(request: Pick<HttpRequest, "path" | "query">, signal: AbortSignal): Promise<HttpLink> {
    checkRequest(request, signal);
    const { headers } = await orAborted(this.#credentials.get(), signal);
    this.requests += 1;
    const dispatcher = await (this.#agent ??= this.#makeAgent());
    return { url: this.#url(request), headers, dispatcher, socketPath: this.#options.socketPath };
  }

  /** A text without the credentials, shortened: for messages. */
  redact(text: string): string {
    checkString(text, "text");
    return this.#secrets.redact(text);
  }

  /** Ends what is under way, and what waits to be sent again. */
  async close(): Promise<void> {
    this.#closing.abort(new SremoteError("closed", "the connector was closed", { host: this.label }));
    this.#credentials.close();
    await (await this.#agent)?.destroy();
  }

  /** Sends until there is an answer that stands. `use` reads the reply of a successful status; what it throws itself is no trouble of the network but a SremoteError. */
  async #persist<T>(
    request: HttpRequest,
    signal: AbortSignal,
    where: Where,
    use: (response: Dispatcher.ResponseData, check: (reply: HttpReply) => Problem | undefined) => Promise<T | Problem>,
  ): Promise<T> {
    const idempotent = request.idempotent ?? !(request.method === "POST" || request.method === "PATCH");
    let first: Problem | undefined;
    let refreshed = 0;
    for (let attempt = 1; ; attempt += 1) {
      const granted = request.credentials === false ? undefined : await orAborted(this.#credentials.get(), signal);
      const result = await this.#attempt(request, granted, signal, where, use);
      if (!isProblem(result)) return result;
      // What fails now fails because of that.
      this.#closing.signal.throwIfAborted();
      if (result.unauthorized === true && granted !== undefined && refreshed < refreshes) {
        // Where others have renewed them meanwhile, they were not refused for this request's sake.
        refreshed += this.#credentials.refuse(granted) ? 1 : 1 / 8;
        attempt -= 1;
        continue;
      }
      const mayRepeat = result.repeat === "always" || (result.repeat === "idempotent" && idempotent);
      // After a lost link, that the server cannot be reached is the same trouble, and may pass.
      const persists = first !== undefined && idempotent && result.error instanceof ConnectError && result.error.code === "connect-refused";
      const wait = result.after === undefined ? backOff(attempt, firstWait, longestWait) : result.after * (1 + Math.random() / 10);
      if (!(mayRepeat || persists) || attempt >= attempts || wait > longestRetryAfter) throw (persists ? first : result)!.error;
      first ??= result;
      await pause(wait, AbortSignal.any([signal, this.#closing.signal]));
    }
  }

  async #attempt<T>(
    request: HttpRequest,
    granted: Granted | undefined,
    signal: AbortSignal,
    where: Where,
    use: (response: Dispatcher.ResponseData, check: (reply: HttpReply) => Problem | undefined) => Promise<T | Problem>,
  ): Promise<T | Problem> {
    try {
      const response = await this.#exchange(request, granted, signal, where);
      if (isSuccess(response.statusCode, request)) return await use(response, (reply) => this.#check(reply, request, where));
      const reply = await this.#excerpt(response, where);
      const said = isText(response) ? this.#secrets.redact(saidOf(reply.text, header(response, "content-type") ?? "")) : "";
      return this.#check(reply, request, where) ?? statusProblem(reply.status, said, where, retryAfter(header(response, "retry-after")));
    } catch (error) {
      signal.throwIfAborted();
      return networkProblem(error, where);
    }
  }

  #check(reply: HttpReply, request: HttpRequest, where: Where): Problem | undefined {
    const found = this.#options.check?.(reply, request, (text) => this.redact(text));
    if (found === undefined) return undefined;
    if (found === "unauthorized") {
      const error = new ConnectError("auth-failed", `${where.what}: the server refused the credentials`, this.#about(where));
      return { error, repeat: "never", unauthorized: true };
    }
    return { error: withStatus(found, reply.status), repeat: found.code === "connection-lost" ? "idempotent" : "never" };
  }

  /** One exchange, and those that redirects within the origin ask for. */
  async #exchange(request: HttpRequest, granted: Granted | undefined, signal: AbortSignal, where: Where): Promise<Dispatcher.ResponseData> {
    let url = this.#url(request);
    const follows = request.method === "GET" || request.method === "HEAD";
    for (let hop = 0; ; hop += 1) {
      const response = await this.#once(url, request, granted, signal);
      const { statusCode } = response;
      if (statusCode < 300 || statusCode >= 400 || statusCode === 304 || isSuccess(statusCode, request)) return response;
      const location = header(response, "location") ?? "";
      response.body.on("error", () => {}).destroy();
      const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
      if (target?.origin !== this.#base.origin) {
        throw new ConnectError(
          "connect-failed",
          `${where.what}: the server redirects to another origin, which is refused`,
          this.#about(where),
        );
      }
      // 307 and 308 keep the method, and the server did nothing yet (RFC 9110, 15.4.8).
      if (hop >= hostLimits.redirects || !(follows || statusCode === 307 || statusCode === 308)) {
        throw new ConnectError(
          "connect-failed",
          `${where.what}: the server redirects (status ${statusCode}), which cannot be followed`,
          this.#about(where),
        );
      }
      url = target;
    }
  }

  async #once(url: URL, request: HttpRequest, granted: Granted | undefined, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { request: send } = await import("undici");
    const { body } = request;
    const isContent = body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array);
    const headers: Record<string, string> = {
      "accept-encoding": "identity",
      "user-agent": "sremote",
      ...request.headers,
      ...granted?.headers,
      ...(isContent && { "content-length": String(body.size) }),
    };
    this.requests += 1;
    return send(url, {
      dispatcher: await (this.#agent ??= this.#makeAgent()),
      method: request.method,
      headers,
      ...(body !== undefined && { body: isContent ? Readable.from(body.chunks(), { objectMode: false }) : body }),
      signal,
      // Until the head is whole, however it drips.
      headersTimeout: request.requestTimeout ?? this.#options.requestTimeout ?? defaultTimeout,
      // Between two pieces of the body; see body.ts for all of it.
      bodyTimeout: this.#options.requestTimeout ?? defaultTimeout,
    });
  }

  async #makeAgent(): Promise<Agent> {
    // Only who uses a REST connector loads it.
    const { Agent } = await import("undici");
    const { ca, socketPath } = this.#options;
    const connect = {
      timeout: connectTimeout,
      ...(ca !== undefined && { ca: typeof ca === "string" ? ca : [...ca] }),
      ...(socketPath !== undefined && { socketPath }),
    };
    return new Agent({
      connect,
      pipelining: 1,
      headersTimeout: this.#options.requestTimeout ?? defaultTimeout,
      webSocket: { maxPayloadSize: hostLimits.kernelMessage },
    });
  }

  #url(request: Pick<HttpRequest, "path" | "query">): URL {
    if (!request.path.startsWith("/")) throw new InvalidArgumentError("request.path", "a path that begins with a slash");
    const url = new URL(this.#base.href.replace(/\/$/, "") + request.path);
    if (url.origin !== this.#base.origin) throw new InvalidArgumentError("request.path", "a path within the origin");
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.append(name, value);
    return url;
  }

  async #read(response: Dispatcher.ResponseData, replyLimit: number, where: Where): Promise<HttpReply> {
    const bytes = await wholeBody(response.body, replyLimit, this.#pace(where));
    if (bytes === undefined)
      throw new ConnectError("limit-exceeded", `${where.what}: the reply has more than ${replyLimit} bytes`, this.#about(where));
    return new HttpReply(response.statusCode, response.headers, bytes);
  }

  /** The beginning of what an error says. */
  async #excerpt(response: Dispatcher.ResponseData, where: Where): Promise<HttpReply> {
    return new HttpReply(response.statusCode, response.headers, await beginningOf(response.body, errorSize, this.#pace(where)));
  }

  #pace(where: Where): Pace {
    const { requestTimeout: timeout = defaultTimeout } = this.#options;
    const summary = `${where.what}: the rest of the reply did not come within ${timeout} ms`;
    return { timeout, late: () => new ConnectError("connection-lost", summary, this.#about(where)) };
  }

  #where(request: HttpRequest): Where {
    const isPlain = this.#base.protocol === "http:" && this.#options.socketPath === undefined;
    return { host: this.label, stage: "http", what: this.#secrets.redact(`${request.method} ${request.path}`), isPlain };
  }

  #about(where: Where): { stage: string; host: string } {
    return { stage: where.stage, host: where.host };
  }
}

function isSuccess(status: number, { accept }: HttpRequest): boolean {
  return (status >= 200 && status < 300) || accept?.includes(status) === true;
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "repeat" in value && "error" in value;
}

function header(response: Dispatcher.ResponseData, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function isText(response: Dispatcher.ResponseData): boolean {
  return /json|^text\/(plain|html)/.test(header(response, "content-type") ?? "text/plain");
}

function isJson(response: Dispatcher.ResponseData): boolean {
  return /\bjson\b/.test(header(response, "content-type") ?? "");
}
