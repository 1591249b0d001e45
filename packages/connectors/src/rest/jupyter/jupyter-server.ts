/* Jupyter Server: files over its contents API, commands beside a kernel of Python. */
import { randomBytes } from "node:crypto";
import { ConnectError, TransferError } from "@sremote/protocol";
import type { ExecResult } from "../../connector.ts";
import { settledWithin } from "../../deadline.ts";
import { codeOfMessage } from "../../transfer/error.ts";
import type { Content } from "../content.ts";
import type { DirectRequest, Download, RestContext, RestLimits, ScriptDialect } from "../dialect.ts";
import { pathOf } from "../encode.ts";
import { backoff } from "../retry.ts";
import { base64File } from "./base64-file.ts";
import { Kernel } from "./kernel.ts";
import type { Answer, Pin } from "./kernel.ts";
import { logIn } from "./log-in.ts";
import { inputPiece } from "./program.ts";

export interface JupyterSettings {
  readonly label: string;
  readonly token: string | undefined;
  readonly password: string | undefined;
  readonly kernel: string | undefined;
}

export class JupyterServer implements ScriptDialect {
  readonly label: string;
  /** The server holds an upload several times in memory. It refuses names that begin with a dot. */
  readonly limits: RestLimits = { put: 4 * 2 ** 20, hiddenFiles: false };
  readonly #token: string | undefined;
  readonly #password: string | undefined;
  readonly #kernel: Kernel;
  #root: string | undefined;

  constructor({ label, token, password, kernel }: JupyterSettings) {
    this.label = label;
    this.#token = token;
    this.#password = password;
    this.#kernel = new Kernel(label, kernel);
  }

  secrets(): readonly string[] {
    return [this.#token, this.#password].filter((each) => each !== undefined);
  }

  async authenticate(context: RestContext): Promise<Record<string, string>> {
    if (this.#password !== undefined) return logIn(this.#password, context, this.label);
    return this.#token === undefined ? {} : { authorization: `token ${this.#token}` };
  }

  async status({ http, signal }: RestContext): Promise<string> {
    // What anybody may ask says the version; the other wants the credentials.
    const { version } = (await http.send({ method: "GET", path: "/api" }, signal)).json();
    await http.send({ method: "GET", path: "/api/status" }, signal);
    return `Jupyter Server ${String(version).slice(0, 40)} answered and takes the credentials`;
  }

  async home(context: RestContext): Promise<string> {
    const { root, home } = await this.#kernel.call("home", {}, context);
    this.#root = String(root).replace(/\/$/, "");
    return String(home);
  }

  /** By the kernel, since the contents API knows no modes; and then looked for by that, since both must see the same files. */
  async makeDirectory(path: string, context: RestContext): Promise<void> {
    if (this.#root === undefined) await this.home(context);
    const place = this.#place(path);
    await this.#tool(`mkdir -m 700 ${path} || [ -d ${path} ]`, context);
    const { http, signal } = context;
    const reply = await http.send({ method: "GET", path: `/api/contents${place}`, query: { content: "0" }, accept: [404] }, signal);
    if (reply.status !== 404) return;
    await this.removeDirectory(path, context);
    const why = "a part of its path begins with a dot, or the kernel runs on another host than the server";
    const summary = `the server does not show ${path}, which its kernel made: ${why}`;
    throw new ConnectError("connect-failed", summary, { stage: "connect", host: this.label });
  }

  async removeDirectory(path: string, context: RestContext): Promise<void> {
    await this.#tool(`rm -rf ${path}`, context);
  }

  async put(path: string, content: Content, { http, signal }: RestContext): Promise<void> {
    await http.send({ method: "PUT", path: `/api/contents${this.#place(path)}`, ...base64File(content) }, signal);
  }

  async get(path: string, download: Download, { http, signal }: RestContext): Promise<void> {
    await http.download({ method: "GET", path: `/files${this.#place(path)}` }, download, signal);
  }

  async execDirect({ script, stdin, maxStdout, maxStderr }: DirectRequest, context: RestContext): Promise<ExecResult> {
    const id = randomBytes(8).toString("hex");
    const pin: Pin = {};
    try {
      await this.#send(id, stdin, context, pin);
      let state = await this.#ask("start", { id, script, most: [maxStdout, maxStderr] }, context, pin);
      for (let look = 1; state["done"] !== true; look += 1) {
        await this.#kernel.rest(id, backoff(look, 1000, 10_000), context.signal);
        state = await this.#ask("look", { id }, context, pin);
      }
      const [stdout, stderr] = [await this.#output(id, 0, state, context, pin), await this.#output(id, 1, state, context, pin)];
      const { code, signal, truncated } = state as { code: number | null; signal: string | null; truncated: boolean };
      return { exitCode: code, signal, stdout, stderr, truncated };
    } finally {
      this.#kernel.drop(id);
      if (context.signal.aborted) await this.#tidy(context);
    }
  }

  async close(): Promise<void> {
    await this.#kernel.close();
  }

  async #send(id: string, stdin: readonly Uint8Array[], context: RestContext, pin: Pin): Promise<void> {
    const all = stdin.length === 1 ? stdin[0]! : Buffer.concat(stdin);
    for (let at = 0; at < all.length; at += inputPiece) {
      const bytes = Buffer.from(all.subarray(at, at + inputPiece)).toString("base64");
      await this.#ask("input", { id, at, bytes }, context, pin);
    }
  }

  async #output(id: string, index: 0 | 1, state: Answer, context: RestContext, pin: Pin): Promise<Uint8Array> {
    const { sizes, head } = state as { sizes: [number, number]; head: [string, string] };
    const parts = [Buffer.from(head[index], "base64")];
    for (let at = parts[0]!.length; at < sizes[index];) {
      const { bytes } = await this.#ask("read", { id, index, at }, context, pin);
      const part = Buffer.from(String(bytes), "base64");
      if (part.length === 0) throw new TransferError("transfer-failed", "the kernel does not have all of the output", { host: this.label });
      parts.push(part);
      at += part.length;
    }
    return new Uint8Array(Buffer.concat(parts));
  }

  async #ask(verb: string, fields: Record<string, unknown>, context: RestContext, pin: Pin): Promise<Answer> {
    const answer = await this.#kernel.call(verb, fields, context, pin);
    if (typeof answer["error"] !== "string") return answer;
    const said = answer["error"].slice(0, 300);
    throw new TransferError(codeOfMessage(said), `the kernel says: ${said}`, { stage: "exec", host: this.label });
  }

  /** A command that may be repeated. */
  async #tool(script: string, context: RestContext): Promise<void> {
    const { exitCode, stderr } = await this.execDirect({ script, stdin: [], maxStdout: 4096, maxStderr: 4096 }, context);
    const said = Buffer.from(stderr).toString().trim().slice(0, 300);
    if (exitCode !== 0) throw new TransferError(codeOfMessage(said), said, { host: this.label });
  }

  /** Tells the kernel at once what it may forget. */
  async #tidy({ http }: RestContext): Promise<void> {
    const telling = this.#kernel.call("home", {}, { http, signal: AbortSignal.timeout(5000) });
    await settledWithin(telling, 5000);
  }

  /** A path as the contents API counts it: from the server's root. */
  #place(path: string): string {
    const root = this.#root ?? "";
    if (path.startsWith(`${root}/`)) return pathOf(path.slice(root.length));
    throw new ConnectError("connect-failed", `${path} is outside of the server's root, ${root}`, {
      stage: "connect",
      host: this.label,
      hint: "name a directory within it with the option `directory`",
    });
  }
}
