/*
 * The Superfacility API, version 1.2: https://api.nersc.gov/api/v1.2. A command is a task that is asked after; what it printed is JSON in a
 * text, and may lack the exit code. It is split at spaces and goes to no shell.
 */
import { ConnectError, TransferError } from "@sremote/protocol";
import type { SremoteError } from "@sremote/protocol";
import { codeOfMessage } from "../../transfer/error.ts";
import type { Content } from "../content.ts";
import type { Download, RestContext, RestLimits, RunState, ScriptDialect, ScriptRun } from "../dialect.ts";
import { form, multipart, pathOf } from "../encode.ts";
import type { HttpRequest, HttpReply } from "../http.ts";
import { ifMissing } from "../missing.ts";
import type { TokenSource } from "../oauth/token-source.ts";
import { pause, untilLook } from "../../back-off.ts";
import { taskResult } from "./task-result.ts";
import type { TaskResult } from "./task-result.ts";

/** Files travel within JSON and in one piece, "small" ones only; no number was ever published. */
const piece = 4 * 2 ** 20;

/** Milliseconds after which a command of ours, which takes no time, is asked after; and the most between two such looks. */
const [usualLook, lastLook] = [200, 5000];

export class Sfapi12 implements ScriptDialect {
  readonly label: string;
  readonly limits: RestLimits = { put: piece, get: piece, inline: 512 * 1024 };
  readonly #machine: string;
  readonly #tokens: TokenSource;
  readonly #pollInterval: number;

  constructor(machine: string, label: string, tokens: TokenSource, pollInterval: number = usualLook) {
    this.#machine = machine;
    this.label = label;
    this.#tokens = tokens;
    this.#pollInterval = Math.min(pollInterval, usualLook);
  }

  secrets(): readonly string[] {
    return this.#tokens.secrets;
  }

  async authenticate({ signal }: RestContext): Promise<Record<string, string>> {
    return { authorization: `Bearer ${await this.#tokens.get(signal)}` };
  }

  isStale(): boolean {
    return this.#tokens.isStale();
  }

  /** 200 and `ERROR`: about the file where a tool on the host speaks of one, else about the way there. */
  check(reply: HttpReply, { path }: HttpRequest, redact: (text: string) => string): SremoteError | undefined {
    if (reply.status >= 400 || reply.bytes.length > 64 * 1024) return undefined;
    const { status, error } = reply.object ?? {};
    if (status !== "ERROR") return undefined;
    const said = `the service says: ${redact(typeof error === "string" ? error : "ERROR")}`;
    const code = codeOfMessage(said);
    const about = { stage: "http", host: this.label };
    const isOfFile = code !== "transfer-failed" && /^\/utilities\/(up|down)load\//.test(path);
    return isOfFile ? new TransferError(code, said, about) : new ConnectError("connection-lost", said, about);
  }

  async home(context: RestContext): Promise<string> {
    const { output } = await this.#command("/usr/bin/printenv HOME", context);
    return output.trim().split("\n").at(-1) ?? "";
  }

  async makeDirectory(path: string, context: RestContext): Promise<void> {
    const { error } = await this.#command(`/bin/mkdir -m 700 ${path}`, context);
    const code = codeOfMessage(error);
    // Anything else is noise, or says that it exists already.
    if (code !== "transfer-failed") throw new TransferError(code, context.http.redact(error), { host: this.label });
  }

  async remove(path: string, context: RestContext): Promise<void> {
    await this.#command(`/bin/rm -rf ${path}`, context);
  }

  async put(path: string, content: Content, { http, signal }: RestContext): Promise<void> {
    const name = path.slice(path.lastIndexOf("/") + 1);
    await http.send({ method: "PUT", path: this.#file("upload", path), ...multipart("file", name, content) }, signal);
  }

  async get(path: string, download: Download, { http, signal }: RestContext): Promise<void> {
    const request = { method: "GET", path: this.#file("download", path), query: { binary: "true" }, replyLimit: 2 * piece } as const;
    const { file, is_binary: isBinary } = (await http.send(request, signal)).json();
    if (typeof file === "string") await download.take(Buffer.from(file, isBinary === true ? "base64" : "utf8"));
  }

  async run(script: ScriptRun, context: RestContext): Promise<RunState> {
    return { kind: "running", handle: await this.#start(script.line, script.idempotent, context) };
  }

  async poll(handle: string, { http, signal }: RestContext): Promise<RunState> {
    const reply = await http.send({ method: "GET", path: `/tasks/${encodeURIComponent(handle)}` }, signal).catch(ifMissing);
    // Not known, or not yet: the script itself is asked then.
    if (reply === undefined) return { kind: "finished" };
    const { status, result } = reply.json();
    const text = typeof result === "string" ? result : "";
    if (status === "completed") return { kind: "finished", output: taskResult(text).output };
    if (status === "failed" || status === "cancelled") return { kind: "failed", detail: `the task was ${status}: ${text}` };
    return { kind: "running", handle };
  }

  async cancel(handle: string, { http, signal }: RestContext): Promise<void> {
    await http.send({ method: "DELETE", path: `/tasks/${encodeURIComponent(handle)}` }, signal);
  }

  async status({ http, signal }: RestContext): Promise<string> {
    const { status, description } = (await http.send({ method: "GET", path: `/status/${this.#machine}` }, signal)).json();
    if (status === "unavailable") {
      const summary = `${this.#machine} is unavailable: ${http.redact(JSON.stringify(description ?? null))}`;
      throw new ConnectError("connect-failed", summary, { stage: "status", host: this.label });
    }
    // Everybody may ask for the state of a machine; this shows that the token is good.
    await http.send({ method: "GET", path: "/account/" }, signal);
    return `the service answered: ${this.#machine} is ${String(status)}`;
  }

  async close(): Promise<void> {
    await this.#tokens.close();
  }

  /** The path begins with a slash of its own: without the double one it would be relative. */
  #file(verb: "upload" | "download", path: string): string {
    return `/utilities/${verb}/${this.#machine}/${pathOf(path)}`;
  }

  /** A command of ours that may be repeated, made of words that need no quotes, to its end. */
  async #command(line: string, context: RestContext): Promise<TaskResult> {
    const path = `/tasks/${encodeURIComponent(await this.#start(line, true, context))}`;
    for (let look = 1; ; look += 1) {
      await pause(untilLook(look, this.#pollInterval, lastLook), context.signal);
      const { status, result } = (await context.http.send({ method: "GET", path }, context.signal)).json();
      if (status === "completed" && typeof result === "string") return taskResult(result);
      if (status === "failed" || status === "cancelled") {
        const summary = `${line}: the task was ${status}: ${context.http.redact(String(result))}`;
        throw new ConnectError("connection-lost", summary, { host: this.label });
      }
    }
  }

  async #start(executable: string, idempotent: boolean, { http, signal }: RestContext): Promise<string> {
    const request = { method: "POST", path: `/utilities/command/${this.#machine}`, ...form({ executable }), idempotent } as const;
    const { task_id: task } = (await http.send(request, signal)).json();
    if (typeof task !== "string" || task === "")
      throw new ConnectError("connection-lost", "the service's reply has no task id", { host: this.label });
    return task;
  }
}
