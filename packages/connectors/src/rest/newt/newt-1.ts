/*
 * The first version, as the clients of 2015 spoke it: https://newt.nersc.gov/newt. It tells no exit code, takes no input and trims what a
 * command prints; 200 is its answer to nearly everything.
 */
import { ConnectError, TransferError } from "@sremote/protocol";
import type { SremoteError } from "@sremote/protocol";
import { codeOfMessage } from "../../transfer/error.ts";
import type { Content } from "../content.ts";
import type { Download, RestContext, ScriptDialect, RestLimits, RunState, ScriptRun } from "../dialect.ts";
import { form, pathOf } from "../encode.ts";
import type { HttpRequest, HttpReply } from "../http.ts";

export interface NewtSettings {
  readonly machine: string;
  readonly username: string;
  readonly password: string;
  readonly loginEnv: boolean;
}

/** What a command printed, as far as the service tells. */
export interface Told {
  readonly output: string;
  readonly error: string;
}

/** How tools begin their messages. */
const ofTool = /^(\/bin\/|\/usr\/bin\/)?(mkdir|rm|printenv|sh): /;

export class Newt1 implements ScriptDialect {
  readonly label: string;
  /** No limit was ever published. Replies carry a third more than `inline`. */
  readonly limits: RestLimits = { inline: 512 * 1024 };
  readonly #settings: NewtSettings;

  constructor(settings: NewtSettings) {
    this.#settings = settings;
    this.label = `newt://${encodeURIComponent(settings.username)}@${settings.machine}`;
  }

  secrets(): readonly string[] {
    return [this.#settings.password];
  }

  async authenticate({ http, signal }: RestContext): Promise<Record<string, string>> {
    const { username, password } = this.#settings;
    const reply = await http.send(
      { method: "POST", path: "/login", ...form({ username, password }), credentials: false, idempotent: true },
      signal,
    );
    return this.session(reply.json());
  }

  /** The cookie of a login that went well. */
  protected session({ auth, newt_sessionid: session }: Readonly<Record<string, unknown>>): Record<string, string> {
    if (auth !== true || typeof session !== "string") {
      throw new ConnectError("auth-failed", "the service refused the user name or password", { stage: "connect", host: this.label });
    }
    return { cookie: `newt_sessionid=${session}` };
  }

  /** `auth: false` says that the session has ended, whatever was asked for. A file request that failed says `ERROR`, and why. */
  check(reply: HttpReply, request: HttpRequest, redact: (text: string) => string): "unauthorized" | SremoteError | undefined {
    const { auth, status, error } = reply.object ?? {};
    if (auth === false && request.credentials !== false) return "unauthorized";
    if (status !== "ERROR") return undefined;
    const text = typeof error === "string" ? error : "";
    const code = codeOfMessage(text);
    // The whole text, since a secret that was cut is not recognised as one.
    const said = redact(text);
    const about = { stage: "http", host: this.label };
    // What a tool on the host said is about the file or the command; anything else is about the way there.
    if (code === "transfer-failed" && !ofTool.test(text))
      return new ConnectError("connection-lost", `the service says ERROR: ${said}`, about);
    return request.path.startsWith("/file/") ? new TransferError(code, `the service says: ${said}`, about) : undefined;
  }

  async home(context: RestContext): Promise<string> {
    const output = await this.#command("/usr/bin/printenv HOME", context);
    return output.trim().split("\n").at(-1) ?? "";
  }

  async makeDirectory(path: string, context: RestContext): Promise<void> {
    await this.#command(`/bin/mkdir -m 700 ${path}`, context, /File exists/);
  }

  async remove(path: string, context: RestContext): Promise<void> {
    await this.#command(`/bin/rm -rf ${path}`, context);
  }

  async put(path: string, content: Content, { http, signal }: RestContext): Promise<void> {
    const headers = { "content-type": "application/octet-stream" };
    await http.send({ method: "PUT", path: this.file(path), body: content, headers }, signal);
  }

  async get(path: string, download: Download, { http, signal }: RestContext): Promise<void> {
    await http.download({ method: "GET", path: this.file(path), query: { view: "read" } }, download, signal);
  }

  async run(script: ScriptRun, context: RestContext): Promise<RunState> {
    const { output } = await this.post(script.line, script.idempotent, context);
    return { kind: "finished", output };
  }

  async status({ http, signal }: RestContext): Promise<string> {
    const { auth } = (await http.send({ method: "GET", path: "/login" }, signal)).json();
    if (auth !== true)
      throw new ConnectError("auth-failed", "the service does not accept the session", { stage: "status", host: this.label });
    return "the service answered, and the session is valid";
  }

  protected file(path: string): string {
    return `/file/${this.#settings.machine}${pathOf(path)}`;
  }

  /** A command of ours that may be repeated, made of words that need no quotes. */
  async #command(line: string, context: RestContext, harmless?: RegExp): Promise<string> {
    const { output, error } = await this.post(line, true, context);
    const code = codeOfMessage(error);
    if (error !== "" && !(harmless?.test(error) ?? false) && code !== "transfer-failed")
      throw new TransferError(code, context.http.redact(error), { host: this.label });
    return output;
  }

  protected async post(executable: string, idempotent: boolean, { http, signal }: RestContext): Promise<Told> {
    const body = form({ executable, loginenv: String(this.#settings.loginEnv) });
    const reply = await http.send({ method: "POST", path: `/command/${this.#settings.machine}`, ...body, idempotent }, signal);
    const { output, error } = reply.json();
    return { output: typeof output === "string" ? output : "", error: typeof error === "string" ? error : "" };
  }
}
