/* Docker's Engine API: commands in a container that runs (`docker exec`). */
import { randomBytes } from "node:crypto";
import { ConnectError, ProtocolError, SremoteError } from "@sremote/protocol";
import { commandLine, shellText } from "../../command-line.ts";
import type { Command, OperationOptions, RemoteProcess } from "../../connector.ts";
import { orAborted } from "../../deadline.ts";
import type { ProcessDialect, RestContext } from "../dialect.ts";
import { json } from "../encode.ts";
import type { HttpClient, Reply } from "../http.ts";
import { backoff, pause } from "../retry.ts";
import { ExecProcess } from "./exec-process.ts";

export interface EngineSettings {
  readonly container: string;
  readonly user: string | undefined;
  readonly workdir: string | undefined;
}

/** Milliseconds for what has to be done though nobody waits for it. */
const ownTimeout = 10_000;
/** The connection ends a moment before the engine knows the exit code. */
const looks = 12;

export class DockerEngine implements ProcessDialect {
  readonly label: string;
  readonly #settings: EngineSettings;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
    this.label = `docker://${settings.container}`;
  }

  async status(context: RestContext): Promise<string> {
    const reply = await this.#send({ method: "GET", path: `/containers/${this.#settings.container}/json` }, context);
    const { State: state } = reply.json() as { State?: { Running?: unknown; Paused?: unknown; Status?: unknown } };
    if (state?.Running === true && state.Paused !== true) return "the engine answered, and the container runs";
    throw new ConnectError("connect-failed", `the container does not run: ${String(state?.Status).slice(0, 40)}`, {
      stage: "status",
      host: this.label,
    });
  }

  /** Its shell says its pid, then becomes the command: a client that goes away ends nothing, so the process must be found again. */
  async spawn(command: Command, _options: OperationOptions, context: RestContext): Promise<RemoteProcess> {
    const tag = randomBytes(16).toString("hex");
    const script = `printf '%s%s %s\\n' ${tag.slice(0, 16)} ${tag.slice(16)} $$ >&2\n${plain(command)}`;
    const id = await this.#create(["/bin/sh", "-c", script], tag, context);
    const signal = (pid: number | undefined, name: string): Promise<void> => this.#signal(tag, pid, name, context.http);
    const socket = await this.#connect(id, context);
    const exitCode = (): Promise<number> => this.#exitCode(id, context.http);
    const process = new ExecProcess({ socket, label: this.label, marker: tag, exitCode, signal });
    try {
      await orAborted(process.started(), context.signal);
      return process;
    } catch (error) {
      await process[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #create(argv: readonly string[], tag: string | undefined, context: RestContext): Promise<string> {
    const { container, user, workdir } = this.#settings;
    const isCommand = tag !== undefined;
    const options = {
      Cmd: argv,
      AttachStdin: isCommand,
      AttachStdout: isCommand,
      AttachStderr: isCommand,
      ...(isCommand && { Env: [`SREMOTE_EXEC=${tag}`] }),
      ...(user !== undefined && { User: user }),
      ...(workdir !== undefined && isCommand && { WorkingDir: workdir }),
    };
    // That it was created starts nothing, so it may be created twice.
    const reply = await this.#send({ method: "POST", path: `/containers/${container}/exec`, ...json(options), idempotent: true }, context);
    const { Id: id } = reply.json();
    if (typeof id !== "string" || !/^[0-9a-f]+$/.test(id)) throw new ProtocolError("protocol-error", "the engine names no exec");
    return id;
  }

  /** Starts it, once; the reply is the connection itself. */
  async #connect(id: string, { http, signal }: RestContext): ReturnType<typeof import("./upgrade.ts").upgrade> {
    const { upgrade } = await import("./upgrade.ts");
    const link = await http.link({ path: `/exec/${id}/start` }, signal);
    return upgrade(link, { Detach: false, Tty: false }, this.label, signal);
  }

  async #exitCode(id: string, http: HttpClient): Promise<number> {
    const signal = AbortSignal.timeout(ownTimeout);
    for (let look = 1; look <= looks; look += 1) {
      const { Running: running, ExitCode: code } = (await http.send({ method: "GET", path: `/exec/${id}/json` }, signal)).json();
      if (running === false && typeof code === "number") return code;
      await pause(backoff(look, 5, 2000), signal);
    }
    throw new ProtocolError("protocol-error", "the engine does not tell an exit code");
  }

  async #signal(tag: string, pid: number | undefined, name: string, http: HttpClient): Promise<void> {
    const context: RestContext = { http, signal: AbortSignal.timeout(ownTimeout) };
    const id = await this.#create(["/bin/sh", "-c", killScript(tag, pid, name.replace("SIG", ""))], undefined, context);
    await http.send(
      { method: "POST", path: `/exec/${id}/start`, ...json({ Detach: true }), idempotent: true, accept: [409] },
      context.signal,
    );
    await this.#exitCode(id, http);
  }

  async #send(request: Parameters<HttpClient["send"]>[0], { http, signal }: RestContext): Promise<Reply> {
    const about = { stage: "connect", host: this.label };
    let reply: Reply;
    try {
      reply = await http.send({ ...request, accept: [404, 409] }, signal);
    } catch (error) {
      if (!(error instanceof SremoteError) || error.code !== "connect-refused") throw error;
      const hint = "nothing listens at the socket: dockerd does not run, or `socketPath` is another one";
      throw new ConnectError("connect-refused", error.summary, { ...about, hint, cause: error });
    }
    if (reply.status !== 404 && reply.status !== 409) return reply;
    const message = reply.object?.["message"];
    const said = http.redact(typeof message === "string" ? message : reply.text);
    const hint = reply.status === 404 ? "`docker ps` names the containers that run" : "start it, or end its pause";
    throw new ConnectError("connect-failed", `the engine says: ${said}`, { ...about, hint });
  }
}

/** As JSON can carry it: bytes that are no UTF-8 go as escapes. */
function plain(command: Command): string {
  const text = shellText(command);
  return text.isWellFormed() ? text : `exec ${commandLine(command)}`;
}

/**
 * To the process, which leads a session of its own, to its group, and to all that inherited the variable. Those are looked for first: what a
 * command starts to clean up after itself when it gets the signal must not get it, too.
 */
function killScript(tag: string, pid: number | undefined, name: string): string {
  const group = pid === undefined ? "" : `kill -${name} -${pid} 2>/dev/null || kill -${name} ${pid} 2>/dev/null\n`;
  return `all=$(grep -l 'SREMOTE_EXEC=${tag}' /proc/[0-9]*/environ 2>/dev/null)
${group}for f in $all; do
  f=\${f#/proc/}; f=\${f%/environ}; [ "$f" = "${pid ?? ""}" ] || kill -${name} "$f" 2>/dev/null
done
exit 0`;
}
