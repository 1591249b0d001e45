/*
 * A stub of FirecREST 2, hostile by default. It is not FirecREST and has no scheduler: its behaviour is taken from the published OpenAPI
 * description, which requests and replies are held to, and from what the real service was seen to do. Jobs are real processes in a sandbox
 * on this machine; each is one of its own, which outlives the request.
 */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RestPurpose } from "@sremote/connectors/testing";
import { BatchJobs } from "./batch-jobs.ts";
import type { JobDescription } from "./batch-jobs.ts";
import { hostile, HostileServer } from "./hostile-server.ts";
import type { Dialect, Hostility, OutputLoss, StubReply, StubRequest } from "./hostile-server.ts";
import { Published } from "./published.ts";
import { Sandbox } from "./sandbox.ts";
import { systemError } from "./system-error.ts";
import { TokenStub } from "./token-stub.ts";

const timeWindows = ["1h", "8h", "24h", "3d", "7d"];

interface SubmittedJob extends Omit<JobDescription, "workingDirectory"> {
  readonly workingDirectory?: string;
  readonly working_directory?: string;
}

export interface FirecrestBehaviour {
  /** Which versions behave as this one: see docs/connectors-firecrest.md. */
  readonly version?: "2.3.0" | "2.4.2" | "2.5.7";
  /** Bytes: of an upload, and of the base64 that a download passes through. Told from version 2.5 on. */
  readonly maxOpsFileSize?: number;
}

export class FirecrestStub implements AsyncDisposable, Dialect {
  readonly base = "/hpc/firecrest/v2";
  /** As it is configured, and so as every path must have it. */
  readonly system = "Daint";
  readonly clientSecret: string = `secret-${randomBytes(8).toString("hex")}`;
  readonly tokens: TokenStub = new TokenStub({ secret: this.clientSecret });
  readonly server: HostileServer;
  readonly sandbox: Sandbox;
  readonly published: Published = new Published("firecrest-v2.openapi.json");
  readonly jobs: BatchJobs;
  readonly version: string;
  readonly #largest: number;
  /** What the service's own probe says of the scheduler. */
  isHealthy = true;
  /** Whether the scheduler's accounting answers. */
  knowsJobs = true;
  /** Milliseconds that pass before and after a submission is handed to the scheduler, whether or not the client still waits. */
  slowness = { before: 0, after: 0 };
  #errors = 0;

  private constructor(sandbox: Sandbox, hostility: Hostility, { version = "2.5.7", maxOpsFileSize = 5 << 20 }: FirecrestBehaviour) {
    this.sandbox = sandbox;
    this.version = version;
    this.#largest = maxOpsFileSize;
    this.jobs = new BatchJobs(sandbox, hostility.trim);
    this.server = new HostileServer(this, hostility);
    // Nothing of a job's output comes back but in files.
    const none = ["mute", "half-output"];
    this.server.faults = [...this.server.faults.filter((fault) => !none.includes(fault)), "queue", "no-exit-code"];
    this.server.limits = { put: 4 << 20, get: 3 << 20, inline: 1 << 20 };
  }

  static async start(hostility: Hostility = hostile, behaviour: FirecrestBehaviour = {}): Promise<FirecrestStub> {
    const stub = new FirecrestStub(await Sandbox.make(), hostility, behaviour);
    await stub.tokens.server.listen();
    await stub.server.listen();
    return stub;
  }

  /** What a client needs to know. */
  get options(): { baseUrl: string; tokenUrl: string; system: string; clientId: string; clientSecret: string } {
    const { clientId, url: tokenUrl } = this.tokens;
    return { baseUrl: this.server.url, tokenUrl, system: this.system, clientId, clientSecret: this.clientSecret };
  }

  async classify(request: StubRequest): Promise<{ purpose: RestPurpose; subject: string }> {
    const { method, path, query } = request;
    const subject = query.get("path") ?? path;
    if (path.endsWith("/ops/upload")) return { purpose: "put", subject };
    if (path.endsWith("/ops/download")) return { purpose: "get", subject };
    if (/\/ops\//.test(path)) return { purpose: "command", subject };
    if (method === "GET" && /\/jobs(\/|$)/.test(path)) return { purpose: "poll", subject };
    if (method !== "POST" || !path.endsWith("/jobs")) return { purpose: "other", subject };
    const line = /exec (\/bin\/sh \S+\.sh( \w+)?)/.exec((await request.body()).toString("utf8"));
    return { purpose: line?.[2] === undefined ? "start" : "verb", subject: line?.[1] ?? "" };
  }

  expire(request: StubRequest): void {
    this.tokens.revoke(request);
  }

  /** Trouble behind the gateway: nothing was done. */
  errorBody(request: StubRequest): StubReply {
    this.#errors += 1;
    return this.#errors % 2 === 0
      ? this.#error(request, 424, "Unable to establish SSH connection.")
      : this.#error(request, 408, "Command execution timeout limit exceeded.");
  }

  missing(request: StubRequest): StubReply {
    return this.#toolError(request, "base64: No such file or directory");
  }

  async handle(request: StubRequest, loss?: OutputLoss): Promise<StubReply> {
    const { method, path } = request;
    const [, resource = ""] =
      /^\/(?:compute|filesystem|status)\/Daint\/(?:ops\/)?(\w+)/.exec(path) ?? /^\/status\/(systems)$/.exec(path) ?? [];
    // A token must live for a while yet.
    if (!this.tokens.accepts(request, 30)) {
      request.incoming.resume();
      return this.#error(request, 401, "Access token expired");
    }
    const wrong = this.#wrongQuery(request);
    if (wrong !== undefined) return this.#invalid(request, wrong);
    if (resource === "jobs" && !this.isHealthy)
      return this.#error(request, 503, `The scheduler service for the requested system (${this.system}) is unhealthy.`);
    const name = request.query.get("path") ?? "";
    // It goes into a shell line between quotes that nothing protects.
    if (name.includes("'")) return this.#toolError(request, "sh: 1: Syntax error: Unterminated quoted string");
    switch (`${method} ${resource}`) {
      case "GET systems":
        return this.#reply(request, 200, { systems: [this.#systemModel()] });
      case "GET userinfo": {
        const me = { id: "1000", name: basename(this.sandbox.home) };
        return this.#reply(request, 200, { user: me, group: me, groups: [me] });
      }
      case "POST mkdir": {
        const { sourcePath, parent } = (await this.#body(request, "PostMakeDirRequest")) as { sourcePath: string; parent?: boolean };
        return this.#operate(request, 201, () => mkdir(sourcePath, { recursive: parent === true }).then(() => fileModel(sourcePath)));
      }
      case "PUT chmod": {
        const { sourcePath, mode } = (await this.#body(request, "PutFileChmodRequest")) as { sourcePath: string; mode: string };
        return this.#operate(request, 200, () => chmod(sourcePath, Number.parseInt(mode, 8)).then(() => fileModel(sourcePath)));
      }
      case "DELETE rm":
        return this.#operate(request, 204, () => rm(name, { recursive: true }));
      case "POST upload":
        return this.#upload(request, name);
      case "GET download":
        return this.#download(request, name);
      case "POST jobs":
        return this.#submit(request, loss);
      default:
        return this.#job(request);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.tokens[Symbol.asyncDispose]();
    this.jobs.stop();
    await this.sandbox[Symbol.asyncDispose]();
  }

  async #submit(request: StubRequest, loss: OutputLoss | undefined): Promise<StubReply> {
    const { job } = (await this.#body(request, "PostJobSubmitRequest")) as { job: SubmittedJob };
    const directory = this.version === "2.3.0" ? job.working_directory : (job.workingDirectory ?? job.working_directory);
    if (directory === undefined) return this.#invalid(request, "Field required");
    const refused = !directory.startsWith("/")
      ? "sbatch: error: Invalid directory"
      : job.script?.startsWith("#!") === true
        ? undefined
        : "sbatch: error: This does not look like a batch script. The first line must start with #! followed by the path to an interpreter.";
    if (refused !== undefined) return this.#slurmError(request, refused);
    const { before, after } = this.slowness;
    await delay(before);
    const id = this.jobs.submit({ ...job, workingDirectory: directory }, loss);
    await delay(after);
    return this.#reply(request, 201, { jobId: this.#idOf(id) });
  }

  /** A number where the version has it so. */
  #idOf(id: string): string | number {
    return this.version.startsWith("2.5") ? id : Number(id);
  }

  async #job(request: StubRequest): Promise<StubReply> {
    const { method, path, query } = request;
    const [, id] = /^\/compute\/Daint\/jobs(?:\/(\w+))?$/.exec(path) ?? [];
    if (id === undefined && !path.endsWith("/jobs")) return this.#error(request, 404, "Not Found");
    if (method === "DELETE") {
      const refused = await this.jobs.cancel(id ?? "");
      return refused === undefined
        ? this.#reply(request, 204, undefined)
        : this.#slurmError(request, `scancel: error: Kill job error on job id ${id}: ${refused}`);
    }
    if (!this.knowsJobs) return this.#error(request, 500, "Error executing Slurm command.");
    const name = this.version.startsWith("2.5") ? query.get("name") : null;
    const found = id === undefined ? this.jobs.all(name) : [this.jobs.find(id)].filter((job) => job !== undefined);
    if (found.length === 0 && id !== undefined) return this.#error(request, 404, "Job not found.");
    return this.#reply(request, 200, { jobs: found.map((job) => ({ ...job, jobId: this.#idOf(job.jobId) })) });
  }

  async #upload(request: StubRequest, directory: string): Promise<StubReply> {
    const type = request.incoming.headers["content-type"] ?? "";
    const body = new Uint8Array(await request.body());
    const file = (await new Response(body, { headers: { "content-type": type } }).formData()).get("file");
    if (!(file instanceof File)) return this.#error(request, 400, "file: Field required");
    if (file.size > this.#largest) return this.#error(request, 413, "File to upload is too large.");
    const path = `${directory}/${file.name}`;
    if (file.size === 0) {
      await writeFile(path, "");
      await delay(5000);
      return this.#error(request, 408, "Command execution timeout limit exceeded.");
    }
    return this.#operate(request, 204, async () => writeFile(path, Buffer.from(await file.arrayBuffer())));
  }

  async #download(request: StubRequest, path: string): Promise<StubReply> {
    try {
      const content = await readFile(path);
      if (4 * Math.ceil(content.length / 3) >= this.#largest) return this.#error(request, 413, "Command output exceeded buffer limit.");
      return { body: content, headers: { "content-length": String(content.length) } };
    } catch (error) {
      return this.#toolError(request, `base64: ${path}: ${systemError(error)}`);
    }
  }

  async #operate(request: StubRequest, status: number, operation: () => Promise<unknown>): Promise<StubReply> {
    try {
      const output = await operation();
      return this.#reply(request, status, status === 204 ? undefined : { output });
    } catch (error) {
      return this.#toolError(request, `tool: ${systemError(error)}`);
    }
  }

  /** The status follows from the message, as it does there. */
  #toolError(request: StubRequest, said: string): StubReply {
    const statuses: readonly (readonly [RegExp, number])[] = [
      [/No such file or directory/, 404],
      [/Permission denied|Operation not permitted/, 403],
      [/File exists/, 400],
    ];
    const status = statuses.find(([pattern]) => pattern.test(said))?.[1] ?? 500;
    return this.#error(request, status, `Remote process failed with exit status:1 and error message:${said}`);
  }

  #slurmError(request: StubRequest, said: string): StubReply {
    return this.#error(request, 500, `Unexpected Slurm command response. exit_status:1 std_err:${said}\n`);
  }

  #invalid(request: StubRequest, said: string): StubReply {
    return this.#error(request, 400, `1 validation error: ${said}`);
  }

  #error(request: StubRequest, status: number, message: string): StubReply {
    request.incoming.resume();
    // A talkative service repeats what it was sent.
    const data = { headers: { authorization: request.incoming.headers.authorization ?? "" } };
    const text = status === 403 ? `${message} (${data.headers.authorization})` : message;
    return this.#reply(request, status, { errorType: "error", message: text, data, user: null });
  }

  #reply(request: StubRequest, status: number, json: unknown): StubReply {
    const keys = this.#operation(request);
    // Only of the newest version there is a description.
    if (keys !== undefined && this.version.startsWith("2.5")) {
      const shape = status >= 400 ? `${Math.floor(status / 100)}XX` : String(status);
      const what = `${request.method} ${request.path} ${status}`;
      this.published.check(
        json ?? {},
        [...keys, "responses", shape, ...(json === undefined ? [] : ["content", "application/json", "schema"])],
        what,
      );
    }
    return json === undefined ? { status, body: "" } : { status, json };
  }

  /** Where the description has the operation. */
  #operation({ method, path }: StubRequest): string[] | undefined {
    const paths = this.published.document["paths"] as Record<string, Record<string, unknown>>;
    const found = Object.keys(paths).find(
      (template) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path) && method.toLowerCase() in paths[template]!,
    );
    if (found === undefined) this.published.violations.push(`${method} ${path}: not in the description`);
    return found === undefined ? undefined : ["paths", found, method.toLowerCase()];
  }

  /** What the service finds wrong with the query. What it does not know it does not look at, but we should not send it. */
  #wrongQuery(request: StubRequest): string | undefined {
    const keys = this.#operation(request);
    if (keys === undefined) return undefined;
    const operation = keys.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], this.published.document);
    const { parameters = [] } = operation as { parameters?: { name: string; in: string; required?: boolean }[] };
    const known = parameters.filter((parameter) => parameter.in === "query");
    for (const name of request.query.keys()) {
      if (!known.some((parameter) => parameter.name === name))
        this.published.violations.push(`${request.method} ${request.path}: unknown ${name}`);
    }
    const absent = known.find(({ name, required }) => required === true && !request.query.has(name));
    if (absent !== undefined) return `${absent.name}: Field required`;
    const window = request.query.get("time_window");
    if (window !== null && !timeWindows.includes(window)) return `time_window: Input should be ${timeWindows.join(", ")}`;
    const path = request.query.get("path");
    return path === null || path.startsWith("/") ? undefined : `The provided path (${path}) is not an absolute path.`;
  }

  async #body(request: StubRequest, model: string): Promise<unknown> {
    const value: unknown = JSON.parse((await request.body()).toString("utf8"));
    this.published.check(value, ["components", "schemas", model], `body of ${request.method} ${request.path}`);
    return value;
  }

  #systemModel(): unknown {
    return {
      name: this.system,
      ssh: { host: "127.0.0.1", port: 22, maxClients: 100, timeout: {} },
      scheduler: { type: "slurm", version: "24.05.0" },
      probing: { services: null, intervalCheck: 120 },
      ...(this.version.startsWith("2.5") && { dataOperation: { datatransfer_jobs_directives: [], max_ops_file_size: this.#largest } }),
      fileSystems: [
        { path: "/nowhere", dataType: "archive", defaultWorkDir: false },
        { path: dirname(this.sandbox.home), dataType: "users", defaultWorkDir: true },
      ],
    };
  }
}

async function fileModel(path: string): Promise<unknown> {
  const { mode, size, mtime } = await stat(path);
  const permissions = (mode & 0o777).toString(8);
  return { name: path, type: "d", user: "me", group: "me", permissions, lastModified: mtime.toISOString(), size: String(size) };
}
