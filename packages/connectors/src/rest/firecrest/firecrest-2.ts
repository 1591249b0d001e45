/*
 * FirecREST, versions 2.3 to 2.5: https://eth-cscs.github.io/firecrest-v2. It runs jobs, not commands. Paths go unquoted through a shell of its own,
 * file operations end after 5 s, and an upload of nothing never ends: all that the base avoids.
 */
import { ConnectError } from "@sremote/protocol";
import type { SremoteError } from "@sremote/protocol";
import type { Content } from "../content.ts";
import type { Download, RestContext, RestLimits, RunState, ScriptDialect, ScriptRun } from "../dialect.ts";
import { json, multipart } from "../encode.ts";
import type { HttpRequest, HttpReply } from "../http.ts";
import { ifMissing } from "../missing.ts";
import type { TokenSource } from "../oauth/token-source.ts";
import { pause } from "../../back-off.ts";
import { jobIdOf, jobsOf, stateOf, unfinished } from "./job-state.ts";
import type { Job } from "./job-state.ts";
import { refusal } from "./refusal.ts";
import { systemOf } from "./system.ts";
import type { System } from "./system.ts";

export interface FirecrestSettings {
  readonly system: string;
  readonly label: string;
  readonly placement: Readonly<Record<string, string | undefined>>;
  readonly tokens: TokenSource;
}

/** Milliseconds in which the scheduler may not know of a job yet that it took. */
const unseenFor = 60_000;
/** The service's own default for the largest file of a request, and the most that is sent at once however much it allows: it ends operations after 5 s. */
const [usualFile, mostFile] = [5 * 2 ** 20, 20 * 2 ** 20];
/** Looks at the queue for a job that it may only know as `allocation` yet, and milliseconds between them. */
const [looks, between] = [5, 1000];

export class Firecrest2 implements ScriptDialect {
  readonly label: string;
  readonly #settings: FirecrestSettings;
  /** What the service says of the cluster, once it was asked. */
  #system: System | undefined;
  /** Jobs that the scheduler did not know: since when. */
  readonly #unseen = new Map<string, number>();

  constructor(settings: FirecrestSettings) {
    this.#settings = settings;
    this.label = settings.label;
  }

  /** Uploads may have as many bytes as the service says, and so may the base64 of downloads; less some room. */
  get limits(): RestLimits {
    const file = Math.min(this.#system?.maxFile ?? usualFile, mostFile);
    return { put: Math.floor(file * 0.8), get: Math.floor(file * 0.6), inline: 2 ** 20, replyTimeout: Number.POSITIVE_INFINITY };
  }

  secrets(): readonly string[] {
    return this.#settings.tokens.secrets;
  }

  async authenticate({ signal }: RestContext): Promise<Record<string, string>> {
    return { authorization: `Bearer ${await this.#settings.tokens.get(signal)}` };
  }

  isStale(): boolean {
    return this.#settings.tokens.isStale();
  }

  check(reply: HttpReply, { path }: HttpRequest, redact: (text: string) => string): SremoteError | undefined {
    return refusal(reply, path, this.label, redact);
  }

  /** The user's directory in the file system that the service itself works in. It tells no home directory. */
  async home(context: RestContext): Promise<string> {
    const { name, place } = await this.#learn(context);
    if (place !== undefined) return `${place}/${await this.#user(context)}`;
    throw new ConnectError("connect-failed", `${name} has no default directory for work`, {
      stage: "connect",
      host: this.label,
      hint: "name a directory with the option `scratchDir`",
    });
  }

  async makeDirectory(path: string, context: RestContext): Promise<void> {
    const { http, signal } = context;
    await this.#learn(context);
    // The specification asks for `sourcePath`, its example shows `path`.
    const body = json({ sourcePath: path, path, parent: false });
    const request = { method: "POST", path: this.#operation("mkdir"), ...body, idempotent: true } as const;
    await http.send(request, signal).catch((error: unknown) => {
      if (!(error instanceof ConnectError && error.message.includes("File exists"))) throw error;
    });
    await http.send({ method: "PUT", path: this.#operation("chmod"), ...json({ sourcePath: path, path, mode: "700" }) }, signal);
  }

  async remove(path: string, { http, signal }: RestContext): Promise<void> {
    await http.send({ method: "DELETE", path: this.#operation("rm"), query: { path } }, signal).catch(ifMissing);
  }

  async put(path: string, content: Content, { http, signal }: RestContext): Promise<void> {
    const at = path.lastIndexOf("/");
    const body = multipart("file", path.slice(at + 1), content);
    const query = { path: path.slice(0, at) };
    await http.send({ method: "POST", path: this.#operation("upload"), query, ...body, idempotent: true }, signal);
  }

  async get(path: string, download: Download, { http, signal }: RestContext): Promise<void> {
    await http.download({ method: "GET", path: this.#operation("download"), query: { path } }, download, signal);
  }

  async run({ path, line, name, idempotent }: ScriptRun, context: RestContext): Promise<RunState> {
    const files = { standardInput: "/dev/null", standardOutput: "/dev/null", standardError: "/dev/null" };
    const workingDirectory = path.slice(0, path.lastIndexOf("/"));
    // Version 2.3.0 has its own spelling for the directory, which the later ones take, too.
    const place = { workingDirectory, working_directory: workingDirectory };
    const job = { name, ...place, ...files, script: `#!/bin/sh\nexec ${line}\n`, ...this.#settings.placement };
    let handle: string | undefined;
    try {
      const reply = await context.http.send({ method: "POST", path: this.#jobs(), ...json({ job }), idempotent }, context.signal);
      handle = jobIdOf(reply.json()["jobId"]);
    } catch (error) {
      if (idempotent || !(error instanceof ConnectError && error.code === "connection-lost")) throw error;
    }
    // Whether it was taken, the queue tells.
    handle ??= await this.find(name, context);
    return handle === undefined ? { kind: "missing" } : { kind: "queued", handle };
  }

  async find(name: string, context: RestContext): Promise<string | undefined> {
    const [found] = await this.#named(name, context, (jobs) => jobs.length > 0);
    return found?.jobId;
  }

  async poll(handle: string, { http, signal }: RestContext): Promise<RunState> {
    const reply = await http.send({ method: "GET", path: `${this.#jobs()}/${handle}` }, signal).catch(ifMissing);
    const job = jobsOf(reply).find(({ jobId }) => jobId === handle);
    if (job !== undefined) {
      this.#unseen.delete(handle);
      return stateOf(job);
    }
    const since = this.#unseen.get(handle) ?? performance.now();
    this.#unseen.set(handle, since);
    return performance.now() - since < unseenFor
      ? { kind: "queued", handle, detail: "not visible yet" }
      : { kind: "failed", detail: `the scheduler does not know job ${handle}` };
  }

  async cancel(handle: string, context: RestContext, name: string): Promise<void> {
    const end = (id: string): Promise<unknown> =>
      context.http.send({ method: "DELETE", path: `${this.#jobs()}/${id}` }, context.signal).catch(ifMissing);
    const ending = end(handle);
    ending.catch(() => {}); // awaited below
    // Where the queue cannot be read, the job that is known must do.
    const all = await this.#named(name, context, () => false).catch(() => []);
    await Promise.all([ending, ...unfinished(all).flatMap((id) => (id === handle ? [] : [end(id)]))]);
  }

  async status(context: RestContext): Promise<string> {
    return `the service answered, and ${await this.#user(context)} is known there`;
  }

  async close(): Promise<void> {
    await this.#settings.tokens.close();
  }

  /** Jobs of that name. Those that the accounting has only just heard of have another one, so it is asked again until there is none or `isEnough`. */
  async #named(name: string, { http, signal }: RestContext, isEnough: (found: readonly Job[]) => boolean): Promise<Job[]> {
    for (let look = 1; ; look += 1) {
      const query = { name, time_window: "1h" };
      // Before version 2.5 the service does not look at the query, and lists all of the user's jobs.
      const jobs = jobsOf(await http.send({ method: "GET", path: this.#jobs(), query }, signal));
      const found = jobs.filter((job) => job.name === name);
      if (isEnough(found) || look >= looks || !jobs.some((job) => job.name === "allocation")) return found;
      await pause(between, signal);
    }
  }

  async #learn({ http, signal }: RestContext): Promise<System> {
    return (this.#system ??= systemOf(
      await http.send({ method: "GET", path: "/status/systems" }, signal),
      this.#settings.system,
      this.label,
    ));
  }

  async #user(context: RestContext): Promise<string> {
    await this.#learn(context);
    const reply = await context.http.send({ method: "GET", path: `/status/${this.#name}/userinfo` }, context.signal);
    return (reply.json()["user"] as { name: string }).name;
  }

  get #name(): string {
    return encodeURIComponent(this.#system?.name ?? this.#settings.system);
  }

  #jobs(): string {
    return `/compute/${this.#name}/jobs`;
  }

  #operation(name: string): string {
    return `/filesystem/${this.#name}/ops/${name}`;
  }
}
