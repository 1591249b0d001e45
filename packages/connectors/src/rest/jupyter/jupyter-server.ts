/* Jupyter Server: files over its contents API, commands beside a kernel of Python. */
import { ConnectError, TransferError } from "@sremote/protocol";
import type { SremoteError } from "@sremote/protocol";
import type { ExecResult } from "../../connector.ts";
import { codeOfMessage } from "../../transfer/error.ts";
import type { Content } from "../content.ts";
import type { DirectRequest, Download, RestContext, RestLimits, ScriptDialect } from "../dialect.ts";
import { pathOf } from "../encode.ts";
import type { HttpRequest, HttpReply } from "../http.ts";
import { base64File } from "./base64-file.ts";
import { runBeside } from "./command.ts";
import { Kernel } from "./kernel.ts";
import { logIn } from "./log-in.ts";
import { refusal } from "./refusal.ts";

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
    const { error } = await this.#kernel.call("make", { path }, context);
    if (typeof error === "string") {
      const said = error.slice(0, 300);
      throw new TransferError(codeOfMessage(said), said, { host: this.label });
    }
    const { http, signal } = context;
    const reply = await http.send({ method: "GET", path: `/api/contents${place}`, query: { content: "0" }, accept: [404] }, signal);
    if (reply.status !== 404) return;
    await this.remove(path, context);
    const why = "a part of its path begins with a dot, or the kernel runs on another host than the server";
    const summary = `the server does not show ${path}, which its kernel has made: ${why}`;
    throw new ConnectError("connect-failed", summary, { stage: "connect", host: this.label });
  }

  async remove(path: string, context: RestContext): Promise<void> {
    await this.#tool(`rm -rf ${path}`, context);
  }

  async put(path: string, content: Content, { http, signal }: RestContext): Promise<void> {
    const request = { method: "PUT", path: `/api/contents${this.#place(path)}`, accept: [500] } as const;
    await http.send({ ...request, ...base64File(content) }, signal);
  }

  check(reply: HttpReply, request: HttpRequest, redact: (text: string) => string): SremoteError | undefined {
    return refusal(reply, request, this.label, redact);
  }

  async get(path: string, download: Download, { http, signal }: RestContext): Promise<void> {
    await http.download({ method: "GET", path: `/files${this.#place(path)}` }, download, signal);
  }

  execDirect(request: DirectRequest, context: RestContext): Promise<ExecResult> {
    return runBeside(this.#kernel, request, context, this.label);
  }

  async close(): Promise<void> {
    await this.#kernel.close();
  }

  /** A command that may be repeated. */
  async #tool(script: string, context: RestContext): Promise<void> {
    const { exitCode, stderr } = await this.execDirect({ script, stdin: [], stdoutLimit: 4096, stderrLimit: 4096 }, context);
    const said = Buffer.from(stderr).toString().trim().slice(0, 300);
    if (exitCode !== 0) throw new TransferError(codeOfMessage(said), said, { host: this.label });
  }

  /** A path as the contents API counts it: from the server's root. */
  #place(path: string): string {
    const root = this.#root ?? "";
    if (path.startsWith(`${root}/`)) return pathOf(path.slice(root.length));
    throw new ConnectError("connect-failed", `${path} is outside of the server's root, ${root}`, {
      stage: "connect",
      host: this.label,
      hint: "name a directory within it with the option `scratchDir`",
    });
  }
}
