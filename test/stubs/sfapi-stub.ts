/*
 * A stub of the Superfacility API 1.2, hostile by default. It is not NERSC's service: its behaviour is taken from the published models, which
 * every reply is held to, and from the public clients. What it is told to run, it really runs, in a sandbox on this machine.
 */
import { crash } from "../../packages/endpoint/node/crash.ts";
import { generateKeyPairSync } from "node:crypto";
import { lstat, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RestPurpose } from "@sremote/connectors/testing";
import { hostile, HostileServer } from "./hostile-server.ts";
import type { Dialect, Hostility, OutputLoss, StubReply, StubRequest } from "./hostile-server.ts";
import { Published } from "./published.ts";
import { Sandbox } from "./sandbox.ts";
import type { Ended } from "./sandbox.ts";
import { systemError } from "./system-error.ts";
import { TokenStub } from "./token-stub.ts";

interface Task {
  readonly loss: OutputLoss | undefined;
  status: "new" | "completed" | "cancelled" | "failed";
  ended: Ended | undefined;
  /** Polls for which it is `new` though it has ended. */
  lag: number;
}

/** Which model describes a reply. */
const models: readonly (readonly [RegExp, string])[] = [
  [/^POST \/utilities\/command\/[^/]+$/, "AppRoutersUtilsModelsCommandOutput"],
  [/^PUT \/utilities\/upload\/[^/]+\//, "UploadResult"],
  [/^GET \/utilities\/download\/[^/]+\//, "FileDownload"],
  [/^(GET|DELETE) \/tasks\/[^/]+$/, "Task"],
  [/^GET \/status\/[^/]+$/, "AppRoutersStatusModelsStatus"],
  [/^GET \/account\/$/, "UserInfo"],
  [/^GET \/utilities\/ls\/[^/]+\//, "DirectoryOutput"],
];

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

export class SfapiStub implements AsyncDisposable, Dialect {
  readonly base = "/api/v1.2";
  readonly machine = "perlmutter";
  readonly tokens: TokenStub = new TokenStub({ privateKey });
  readonly server: HostileServer;
  readonly sandbox: Sandbox;
  readonly published: Published = new Published("sfapi-v1.2.schemas.json");
  readonly #tasks = new Map<string, Task>();
  #count = 0;

  private constructor(sandbox: Sandbox, hostility: Hostility) {
    this.sandbox = sandbox;
    this.server = new HostileServer(this, hostility);
    this.server.faults = [...this.server.faults, "queue", "no-exit-code"];
    this.server.limits = { put: 4 << 20, get: 4 << 20, inline: 512 << 10 };
  }

  static async start(hostility: Hostility = hostile): Promise<SfapiStub> {
    const stub = new SfapiStub(await Sandbox.make(), hostility);
    await stub.tokens.server.listen();
    await stub.server.listen();
    return stub;
  }

  /** What a client needs to know. */
  get options(): { baseUrl: string; tokenUrl: string; machine: string; clientId: string; privateKey: string } {
    const { clientId, url: tokenUrl } = this.tokens;
    return { baseUrl: this.server.url, tokenUrl, machine: this.machine, clientId, privateKey: this.pem };
  }

  readonly pem: string = privateKey.export({ type: "pkcs1", format: "pem" }) as string;

  get secrets(): readonly string[] {
    return [this.pem, this.pem.split("\n")[3] ?? "", ...this.tokens.secrets];
  }

  async classify(request: StubRequest): Promise<{ purpose: RestPurpose; subject: string }> {
    const { method, path } = request;
    if (path.startsWith("/utilities/upload/")) return { purpose: "put", subject: path };
    if (path.startsWith("/utilities/download/")) return { purpose: "get", subject: path };
    if (path.startsWith("/tasks/")) return { purpose: method === "GET" ? "poll" : "other", subject: path };
    if (!path.startsWith("/utilities/command/")) return { purpose: "other", subject: path };
    const subject = executableOf(await request.body()) ?? "";
    const script = /^\/bin\/sh \S+\.sh( \w+)?$/.exec(subject);
    return { purpose: script === null ? "command" : script[1] === undefined ? "start" : "verb", subject };
  }

  expire(request: StubRequest): void {
    this.tokens.revoke(request);
  }

  errorBody(request: StubRequest): StubReply {
    const error = "the host could not be reached";
    const { path } = request;
    if (path.startsWith("/tasks/")) return this.#reply(request, { id: idOf(request), status: null, result: null });
    if (path.startsWith("/utilities/command/")) return this.#reply(request, { task_id: "", status: "ERROR", error });
    return path.startsWith("/utilities/") ? this.#reply(request, { status: "ERROR", error }) : { status: 502, body: error };
  }

  missing(request: StubRequest): StubReply {
    return this.#reply(request, { status: "ERROR", error: "cat: No such file or directory" });
  }

  async handle(request: StubRequest, loss?: OutputLoss): Promise<StubReply> {
    const { method, path } = request;
    // Everybody may ask for the state of a machine.
    if (method === "GET" && path === `/status/${this.machine}`) {
      return this.#reply(request, { name: this.machine, full_name: "Stub", description: "System Active", status: "active", notes: [] });
    }
    if (!this.tokens.accepts(request)) {
      request.incoming.resume();
      return { status: 401, json: { detail: "Invalid or expired token" } };
    }
    if (method === "GET" && path === "/account/") return this.#reply(request, { uid: 1000, name: "me" });
    if (/^\/tasks\/[^/]+$/.test(path)) return this.#task(request);
    const [, verb, machine, rest = ""] = /^\/utilities\/(command|upload|download|ls)\/([^/]+)(.*)$/s.exec(path) ?? [];
    if (verb === undefined || machine !== this.machine) return { status: 404, json: { detail: "Not Found" } };
    if (verb === "command" && method === "POST") return this.#command(request, loss);
    // One slash belongs to the address; what is not absolute without it is below the home directory.
    const name = rest.slice(1);
    const file = name.startsWith("/") ? name : `${this.sandbox.home}/${name}`;
    if (verb === "ls" && method === "GET") return this.#list(request, file);
    if (verb === "upload" && method === "PUT") return this.#write(request, file);
    return verb === "download" && method === "GET" ? this.#read(request, file) : { status: 405, json: { detail: "Method Not Allowed" } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.tokens[Symbol.asyncDispose]();
    await this.sandbox[Symbol.asyncDispose]();
  }

  #reply(request: StubRequest, json: unknown): StubReply {
    const what = `${request.method} ${request.path}`;
    const model = models.find(([pattern]) => pattern.test(what))?.[1];
    if (model === undefined) this.published.violations.push(`${what}: no model`);
    else this.published.check(json, ["schemas", model], what);
    return { json };
  }

  async #command(request: StubRequest, loss: OutputLoss | undefined): Promise<StubReply> {
    const executable = executableOf(await request.body());
    const model = ["schemas", "BodyRunCommandUtilitiesCommandMachinePost"];
    this.published.check({ ...(executable !== null && { executable }) }, model, "body of a command");
    const id = String((this.#count += 1));
    const isHostile = this.server.hostility.trim;
    const task: Task = { loss, status: "new", ended: undefined, lag: isHostile && this.#count % 5 === 0 ? 1 : 0 };
    this.#tasks.set(id, task);
    // Words, whose quotes are honoured, and no shell.
    const line = wordsOf(executable ?? "")
      .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
      .join(" ");
    if (loss !== "queue") {
      const keep = (ended: Task["ended"]): void => void (task.ended = ended);
      this.sandbox.run(`exec ${line}`).then(keep, crash);
    }
    return this.#reply(request, { task_id: id, status: "OK", error: null });
  }

  #task(request: StubRequest): StubReply {
    const task = this.#tasks.get(idOf(request));
    if (task === undefined) return { status: 404, json: { detail: "Not Found" } };
    // The process goes on: who cancels has only stopped to wait for it.
    if (request.method === "DELETE" && task.status === "new") task.status = "cancelled";
    if (task.status === "new" && task.ended !== undefined && (task.lag -= 1) < 0) task.status = "completed";
    const result = task.status === "completed" ? JSON.stringify(this.#result(task, task.ended)) : null;
    return this.#reply(request, { id: idOf(request), status: task.status, result });
  }

  #result({ loss }: Task, ended: Ended | undefined): unknown {
    const { exitCode = 0, stdout = Buffer.alloc(0), stderr = Buffer.alloc(0) } = ended ?? {};
    const { trim } = this.server.hostility;
    const shown = this.#shown(stdout);
    const output = loss === "mute" ? "" : loss === "half-output" ? shown.slice(0, shown.length >> 1) : shown;
    const hasCode = loss !== "no-exit-code" && !(trim && this.#count % 2 === 0);
    return { status: exitCode === 0 ? "ok" : "error", output, error: this.#shown(stderr), ...(hasCode && { exit_code: exitCode }) };
  }

  /** As text, so without the bytes that are none, and without what the gateway takes away. */
  #shown(output: Buffer): string {
    const { trim, outputCap } = this.server.hostility;
    const text = output.subarray(0, outputCap).toString("utf8");
    return trim ? text.trimEnd() : text;
  }

  async #list(request: StubRequest, path: string): Promise<StubReply> {
    try {
      const isDirectory = (await stat(path)).isDirectory();
      const names = isDirectory ? [".", ...(await readdir(path))] : [path];
      const entries = await Promise.all(names.map(async (name) => entryOf(name, isDirectory ? join(path, name) : path)));
      return this.#reply(request, { status: "OK", entries, error: null });
    } catch (error) {
      return this.#reply(request, { status: "ERROR", entries: [], error: `ls: cannot access '${path}': ${systemError(error)}` });
    }
  }

  async #write(request: StubRequest, path: string): Promise<StubReply> {
    const type = request.incoming.headers["content-type"] ?? "";
    const body = new Uint8Array(await request.body());
    const file = (await new Response(body, { headers: { "content-type": type } }).formData()).get("file");
    if (!(file instanceof File))
      return { status: 422, json: { detail: [{ loc: ["body", "file"], msg: "field required", type: "missing" }] } };
    try {
      await writeFile(path, Buffer.from(await file.arrayBuffer()));
      return this.#reply(request, { status: "OK", output: path, error: null });
    } catch (error) {
      return this.#reply(request, { status: "ERROR", output: null, error: systemError(error) });
    }
  }

  async #read(request: StubRequest, path: string): Promise<StubReply> {
    const isBinary = request.query.get("binary") === "true";
    try {
      const content = await readFile(path);
      return this.#reply(request, { status: "OK", file: content.toString(isBinary ? "base64" : "utf8"), is_binary: isBinary, error: null });
    } catch (error) {
      return this.#reply(request, { status: "ERROR", file: null, error: systemError(error) });
    }
  }
}

function executableOf(body: Buffer): string | null {
  return new URLSearchParams(body.toString("utf8")).get("executable");
}

function idOf({ path }: StubRequest): string {
  return path.slice("/tasks/".length);
}

async function entryOf(name: string, path: string): Promise<unknown> {
  const { mode, nlink, size, mtime } = await lstat(path);
  const type = (mode & 0o170000) === 0o040000 ? "d" : "-";
  const perms = Array.from("rwxrwxrwx", (letter, index) => ((mode >> (8 - index)) & 1 ? letter : "-")).join("");
  return { perms: type + perms, hardlinks: nlink, user: "me", group: "me", size, date: mtime.toISOString(), name };
}

/** As a shell would split a line, and does nothing else with it: single and double quotes, and backslashes. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gs) ?? [];
  return words.map((word) =>
    word.replaceAll(
      /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs,
      (_, single?: string, double?: string, plain?: string) => single ?? double?.replaceAll(/\\(["\\$`])/g, "$1") ?? plain ?? "",
    ),
  );
}
