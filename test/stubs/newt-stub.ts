/*
 * A stub of NEWT, hostile by default. It is no NEWT: its behaviour is taken from the clients of 2015 and from what is written about the
 * service, which no longer exists. What it is told to run, it really runs, in a sandbox on this machine.
 */
import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { hostile, HostileServer } from "./hostile-server.ts";
import type { Dialect, Hostility, Purpose, StubReply, StubRequest } from "./hostile-server.ts";
import { Sandbox } from "./sandbox.ts";

export interface NewtStubOptions {
  hostility?: Hostility | undefined;
  sandbox?: Sandbox | undefined;
}

export class NewtStub implements AsyncDisposable, Dialect {
  readonly base = "/newt";
  readonly machine = "edison";
  readonly username = "me";
  readonly password: string = `secret-${randomBytes(8).toString("hex")}`;
  readonly server: HostileServer;
  readonly sandbox: Sandbox;
  /** Milliseconds until a file that a command wrote can be read. */
  lateness = 0;
  /** What every command prints is lost. */
  mute = false;
  readonly #looks = new Map<string, number>();
  #session: string | undefined;

  private constructor(sandbox: Sandbox, hostility: Hostility) {
    this.sandbox = sandbox;
    this.server = new HostileServer(this, hostility);
  }

  static async start(options: NewtStubOptions = {}): Promise<NewtStub> {
    const stub = new NewtStub(options.sandbox ?? (await Sandbox.make()), options.hostility ?? hostile);
    await stub.server.listen();
    return stub;
  }

  /** What a client needs to know. */
  get options(): { baseUrl: string; machine: string; username: string; password: string } {
    return { baseUrl: this.server.url, machine: this.machine, username: this.username, password: this.password };
  }

  /** Cookies of sessions so far: secrets. */
  readonly sessions: string[] = [];

  purpose({ method, path }: StubRequest): Purpose {
    if (path.startsWith("/login") || path.startsWith("/auth") || path.startsWith("/logout")) return "login";
    if (path.startsWith("/file/")) return method === "PUT" ? "put" : "get";
    return path.startsWith("/command/") ? "command" : "other";
  }

  expire(): void {
    this.#session = undefined;
  }

  errorBody(): StubReply {
    return { json: { status: "ERROR", output: "", error: "the host could not be reached" } };
  }

  async handle(request: StubRequest): Promise<StubReply> {
    const { method, path } = request;
    if (/^\/(login|auth)\/?$/.test(path)) return method === "POST" ? this.#login(request) : this.#whoAmI(request);
    if (!this.#isKnown(request)) {
      request.incoming.resume();
      return { json: { auth: false, username: null, error: "not authenticated" } };
    }
    if (/^\/logout\/?$/.test(path)) {
      this.expire();
      return this.#whoAmI(request);
    }
    const [, resource, machine, rest] = /^\/(file|command)\/([^/]+)(.*)$/s.exec(path) ?? [];
    if (resource === undefined || machine !== this.machine) return { status: 404, body: "no such resource" };
    if (resource === "command") return this.#command(request);
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
    this.#session = randomBytes(16).toString("hex");
    this.sessions.push(this.#session);
    return {
      headers: { "set-cookie": `newt_sessionid=${this.#session}; Path=/; HttpOnly` },
      json: { auth: true, username: this.username, session_lifetime: 43_199, newt_sessionid: this.#session },
    };
  }

  #whoAmI(request: StubRequest): StubReply {
    const auth = this.#isKnown(request);
    return { json: { auth, username: auth ? this.username : null, session_lifetime: auth ? 43_199 : 0, newt_sessionid: "" } };
  }

  #isKnown({ incoming }: StubRequest): boolean {
    const cookie = /newt_sessionid=([0-9a-f]+)/.exec(incoming.headers.cookie ?? "")?.[1];
    return cookie !== undefined && cookie === this.#session;
  }

  async #command(request: StubRequest): Promise<StubReply> {
    const fields = new URLSearchParams((await request.body()).toString("utf8"));
    const line = fields.get("executable") ?? "";
    const login = fields.get("loginenv") === "true";
    if (!login && !line.startsWith("/")) return { json: { status: "ERROR", output: "", error: "executable must be absolute" } };
    const { stdout, stderr } = await this.sandbox.run(line, { login });
    return { json: { status: "OK", output: this.mute ? "" : this.#shown(stdout), error: this.#shown(stderr) } };
  }

  /** As text, so without the bytes that are none, and without what the gateway takes away. */
  #shown(output: Buffer): string {
    const { trim, outputCap } = this.server.hostility;
    const text = output.subarray(0, outputCap).toString("utf8");
    return trim ? text.trimEnd() : text;
  }

  async #write({ incoming }: StubRequest, path: string): Promise<StubReply> {
    try {
      await pipeline(incoming, createWriteStream(path));
      return { json: { status: "OK", file: path, error: "" } };
    } catch (error) {
      return { json: { status: "ERROR", error: systemError(error) } };
    }
  }

  async #readFile(request: StubRequest, path: string): Promise<StubReply> {
    if (request.query.get("view") !== "read") return { json: await list(path) };
    const first = this.#looks.get(path) ?? performance.now();
    this.#looks.set(path, first);
    try {
      if (performance.now() - first < this.lateness) throw Object.assign(new Error("not yet"), { code: "ENOENT" });
      const { size } = await stat(path);
      return { headers: { "content-length": String(size) }, body: createReadStream(path) };
    } catch (error) {
      return { json: { status: "ERROR", error: systemError(error) } };
    }
  }
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
