/*
 * A stub of NEWT, hostile by default. It is no NEWT: its behaviour is taken from the clients of 2015 and from what is written about the
 * service, which no longer exists. What it is told to run, it really runs, in a sandbox on this machine.
 */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import type { RestPurpose } from "@sremote/connectors/testing";
import { hostile, HostileServer } from "./hostile-server.ts";
import type { Dialect, Hostility, OutputLoss, StubReply, StubRequest } from "./hostile-server.ts";
import { Sandbox } from "./sandbox.ts";

export interface NewtStubOptions {
  hostility?: Hostility | undefined;
  sandbox?: Sandbox | undefined;
  /** Default 1. */
  version?: 1 | 2 | undefined;
}

export class NewtStub implements AsyncDisposable, Dialect {
  readonly base: string;
  readonly version: 1 | 2;
  readonly machine = "edison";
  readonly username = "me";
  readonly password: string = `secret-${randomBytes(8).toString("hex")}`;
  readonly server: HostileServer;
  readonly sandbox: Sandbox;
  readonly #valid = new Set<string>();

  private constructor(sandbox: Sandbox, hostility: Hostility, version: 1 | 2) {
    this.version = version;
    this.base = version === 1 ? "/newt" : "/api";
    this.sandbox = sandbox;
    this.server = new HostileServer(this, hostility);
    this.server.purposes = ["login", "start", "verb", "command", "put", "get"];
  }

  static async start(options: NewtStubOptions = {}): Promise<NewtStub> {
    const stub = new NewtStub(options.sandbox ?? (await Sandbox.make()), options.hostility ?? hostile, options.version ?? 1);
    await stub.server.listen();
    return stub;
  }

  /** What a client needs to know. */
  get options(): { baseUrl: string; machine: string; username: string; password: string; version: 1 | 2 } {
    return { version: this.version, baseUrl: this.server.url, machine: this.machine, username: this.username, password: this.password };
  }

  /** Cookies of sessions so far: secrets. */
  readonly sessions: string[] = [];

  async classify(request: StubRequest): Promise<{ purpose: RestPurpose; subject: string }> {
    const { method, path } = request;
    if (/^\/(login|auth|logout)/.test(path)) return { purpose: "login", subject: path };
    if (path.startsWith("/file/")) return { purpose: method === "PUT" ? "put" : "get", subject: path };
    if (!path.startsWith("/command/")) return { purpose: "other", subject: path };
    const subject = new URLSearchParams((await request.body()).toString("utf8")).get(this.#field) ?? "";
    const script = /^\/bin\/sh \S+\.sh( \w+)?$/.exec(subject);
    return { purpose: script === null ? "command" : script[1] === undefined ? "start" : "verb", subject };
  }

  get #field(): string {
    return this.version === 1 ? "executable" : "command";
  }

  expire(request: StubRequest): void {
    this.#valid.delete(cookieOf(request));
  }

  errorBody(): StubReply {
    return { json: { status: "ERROR", output: "", error: "the host could not be reached" } };
  }

  missing(): StubReply {
    return { json: { status: "ERROR", error: "No such file or directory" } };
  }

  async handle(request: StubRequest, loss?: OutputLoss): Promise<StubReply> {
    const reply = await this.#handle(request, loss);
    return this.version === 1 ? reply : enveloped(reply);
  }

  async #handle(request: StubRequest, loss: OutputLoss | undefined): Promise<StubReply> {
    const { method, path } = request;
    if (/^\/(login|auth)\/?$/.test(path)) return method === "POST" ? this.#login(request) : this.#whoAmI(request);
    if (!this.#isKnown(request)) {
      request.incoming.resume();
      return { json: { auth: false, username: null, error: "not authenticated" } };
    }
    if (/^\/logout\/?$/.test(path)) {
      this.expire(request);
      return this.#whoAmI(request);
    }
    const [, resource, machine, rest] = /^\/(file|command)\/([^/]+)(.*)$/s.exec(path) ?? [];
    if (resource === undefined || machine !== this.machine) return { status: 404, body: "no such resource" };
    if (resource === "command") return this.#command(request, loss);
    return method === "PUT" ? this.#write(request, rest ?? "") : this.#readFile(request, rest ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.sandbox[Symbol.asyncDispose]();
  }

  async #login(request: StubRequest): Promise<StubReply> {
    const fields = new URLSearchParams((await request.body()).toString("utf8"));
    if (fields.get("username") !== this.username || fields.get("password") !== this.password) {
      return { json: { auth: false, username: fields.get("username"), session_lifetime: 0, newt_sessionid: "" } };
    }
    const session = randomBytes(16).toString("hex");
    this.sessions.push(session);
    this.#valid.add(session);
    return {
      headers: { "set-cookie": `newt_sessionid=${session}; Path=/; HttpOnly` },
      json: { auth: true, username: this.username, session_lifetime: 43_199, newt_sessionid: session },
    };
  }

  #whoAmI(request: StubRequest): StubReply {
    const auth = this.#isKnown(request);
    return { json: { auth, username: auth ? this.username : null, session_lifetime: auth ? 43_199 : 0, newt_sessionid: "" } };
  }

  #isKnown(request: StubRequest): boolean {
    return this.#valid.has(cookieOf(request));
  }

  async #command(request: StubRequest, loss: OutputLoss | undefined): Promise<StubReply> {
    const fields = new URLSearchParams((await request.body()).toString("utf8"));
    const line = fields.get(this.#field) ?? "";
    const login = fields.get("loginenv") === "true";
    if (!login && !line.startsWith("/")) return { json: { status: "ERROR", output: "", error: "executable must be absolute" } };
    const { stdout, stderr } = await this.sandbox.run(line, { login });
    const shown = this.#shown(stdout);
    const output = loss === "mute" ? "" : loss === "half-output" ? shown.slice(0, shown.length >> 1) : shown;
    return { json: { status: "OK", output, error: this.#shown(stderr) } };
  }

  /** As text, so without the bytes that are none, and without what the gateway takes away. */
  #shown(output: Buffer): string {
    const { trim, outputCap } = this.server.hostility;
    const text = output.subarray(0, outputCap).toString("utf8");
    return trim ? text.trimEnd() : text;
  }

  async #write({ incoming }: StubRequest, path: string): Promise<StubReply> {
    let failure: unknown;
    const file = await open(path, "w").catch((error: unknown) => void (failure = error));
    try {
      for await (const chunk of incoming as AsyncIterable<Buffer>) {
        // What cannot be written is read all the same: the client gets its answer.
        if (failure === undefined) await file?.writeFile(chunk).catch((error: unknown) => void (failure = error));
      }
    } finally {
      await file?.close();
    }
    return { json: failure === undefined ? { status: "OK", file: path, error: "" } : { status: "ERROR", error: systemError(failure) } };
  }

  async #readFile(request: StubRequest, path: string): Promise<StubReply> {
    if (request.query.get(this.version === 1 ? "view" : "download") !== (this.version === 1 ? "read" : "true"))
      return { json: await list(path) };
    try {
      const { size } = await stat(path);
      return { headers: { "content-length": String(size) }, body: createReadStream(path) };
    } catch (error) {
      return { json: { status: "ERROR", error: systemError(error) } };
    }
  }
}

/** As the second version answers: what the first one says is the output, and refused credentials are a status. */
function enveloped(reply: StubReply): StubReply {
  if (reply.json === undefined || Array.isArray(reply.json)) return reply;
  const json = reply.json as Record<string, unknown>;
  if (json["auth"] === false && "error" in json) return { ...reply, status: 403 };
  const { status = "OK", error = "" } = json;
  return { ...reply, json: { status, status_code: 200, output: { ...json, retcode: 0 }, error } };
}

function cookieOf({ incoming }: StubRequest): string {
  return /newt_sessionid=([0-9a-f]+)/.exec(incoming.headers.cookie ?? "")?.[1] ?? "";
}

/** What a tool on the host would have said. */
function systemError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const known: Record<string, string> = {
    ENOENT: "No such file or directory",
    EACCES: "Permission denied",
    ENOSPC: "No space left on device",
    EISDIR: "Is a directory",
  };
  return known[code] ?? "unknown error";
}

async function list(path: string): Promise<unknown> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.map((entry) => ({ perms: entry.isDirectory() ? "drwx------" : "-rw-------", name: entry.name }));
}
