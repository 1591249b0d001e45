/*
 * FirecREST, version 2: https://eth-cscs.github.io/firecrest-v2. It runs jobs, not commands. Paths go unquoted through a shell of its own,
 * file operations end after 5 s, and an upload of nothing never ends: all that the base avoids.
 */
import { ConnectError } from "@sremote/protocol";
import type { SremoteError } from "@sremote/protocol";
import type { Content } from "../content.ts";
import type { Download, RestContext, RestLimits, RunState, ScriptDialect, ScriptRun } from "../dialect.ts";
import { json, multipart } from "../encode.ts";
import type { HttpRequest, Reply } from "../http.ts";
import { ifMissing } from "../missing.ts";
import type { TokenSource } from "../oauth/token-source.ts";
import { jobsOf, stateOf, unfinished } from "./job-state.ts";
import type { Job } from "./job-state.ts";
import { refusal } from "./refusal.ts";
import { workPlace } from "./work-place.ts";

export interface FirecrestSettings {
  readonly system: string;
  readonly label: string;
  readonly placement: Readonly<Record<string, string | undefined>>;
  readonly tokens: TokenSource;
}

/** Milliseconds in which the scheduler may not know of a job yet that it took. */
const unseenFor = 60_000;

export class Firecrest2 implements ScriptDialect {
  readonly label: string;
  /** Uploads may have 5 MiB, and so may the base64 of downloads; both by default of the service, and less some room. */
  readonly limits: RestLimits = { put: 4 * 2 ** 20, get: 3 * 2 ** 20, inline: 2 ** 20, hold: Number.POSITIVE_INFINITY };
  readonly #settings: FirecrestSettings;
  /** Jobs that the scheduler did not know: since when. */
  readonly #unseen = new Map<string, number>();

  constructor(settings: FirecrestSettings) {
    this.#settings = settings;
    this.label = settings.label;
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

  check(reply: Reply, { path }: HttpRequest, redact: (text: string) => string): SremoteError | undefined {
    return refusal(reply, path, this.label, redact);
  }

  /** The user's directory in the file system that the service itself works in. It tells no home directory. */
  async home({ http, signal }: RestContext): Promise<string> {
    const systems = await http.send({ method: "GET", path: "/status/systems" }, signal);
    return `${workPlace(systems, this.#settings.system, this.label)}/${await this.#user({ http, signal })}`;
  }

  async makeDirectory(path: string, { http, signal }: RestContext): Promise<void> {
    // The specification asks for `sourcePath`, its example shows `path`.
    const body = json({ sourcePath: path, path, parent: false });
    const request = { method: "POST", path: this.#operation("mkdir"), ...body, idempotent: true } as const;
    await http.send(request, signal).catch((error: unknown) => {
      if (!(error instanceof ConnectError && error.summary.includes("File exists"))) throw error;
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
    const job = { name, workingDirectory, ...files, script: `#!/bin/sh\nexec ${line}\n`, ...this.#settings.placement };
    try {
      const reply = await context.http.send({ method: "POST", path: this.#jobs(), ...json({ job }), idempotent }, context.signal);
      return { kind: "queued", handle: String(reply.json()["jobId"]) };
    } catch (error) {
      if (idempotent || !(error instanceof ConnectError && error.code === "connection-lost")) throw error;
      // Whether it was taken, the queue tells.
      const [found] = await this.#find(name, context);
      return found === undefined ? { kind: "missing" } : { kind: "queued", handle: found.jobId };
    }
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
    // Where the queue cannot be read, the job that is known.
    const jobs = await this.#find(name, context).catch(() => []);
    const ids = new Set([handle, ...unfinished(jobs)]);
    await Promise.all(Array.from(ids, (id) => context.http.send({ method: "DELETE", path: `${this.#jobs()}/${id}` }, context.signal)));
  }

  async status(context: RestContext): Promise<string> {
    return `the service answered, and ${await this.#user(context)} is known there`;
  }

  async close(): Promise<void> {
    await this.#settings.tokens.close();
  }

  async #find(name: string, { http, signal }: RestContext): Promise<Job[]> {
    const reply = await http.send({ method: "GET", path: this.#jobs(), query: { name, time_window: "1h" } }, signal);
    return jobsOf(reply).filter((job) => job.name === name);
  }

  async #user({ http, signal }: RestContext): Promise<string> {
    const reply = await http.send({ method: "GET", path: `/status/${this.#settings.system}/userinfo` }, signal);
    return (reply.json()["user"] as { name: string }).name;
  }

  #jobs(): string {
    return `/compute/${this.#settings.system}/jobs`;
  }

  #operation(name: string): string {
    return `/filesystem/${this.#settings.system}/ops/${name}`;
  }
}
