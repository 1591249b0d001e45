/* Docker's Engine API: commands in a container that runs (`docker exec`). */
import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { finished } from "node:stream/promises";
import { ConnectError, ProtocolError, SremoteError } from "@sremote/protocol";
import type { Command, SpawnedProcess } from "../../connector.ts";
import { orAborted } from "../../deadline.ts";
import { endProcess, type StartOptions, UnreadStderr } from "../../process/index.ts";
import type { ProcessDialect, RestContext } from "../dialect.ts";
import { json } from "../encode.ts";
import type { HttpClient, HttpReply } from "../http.ts";
import { statusOf, withStatus } from "../http-error.ts";
import { backOff, pause } from "../../back-off.ts";
import { ExecProcess, startHint } from "./exec-process.ts";
import { drained, killScript, plain } from "./script.ts";

export interface EngineSettings {
  readonly container: string;
  readonly user: string | undefined;
  readonly cwd: string | undefined;
}

/** Milliseconds for work that must be done although no caller waits for it. */
const ownTimeout = 10_000;
/** The connection ends a moment before the engine knows the exit code. */
const looks = 12;
/** For sending a signal. */
const attempts = 4;

export class DockerEngine implements ProcessDialect {
  readonly label: string;
  readonly #settings: EngineSettings;
  readonly #unreadStderr = new UnreadStderr();

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
  async spawn(command: Command, { inputSize = 0 }: StartOptions, context: RestContext): Promise<SpawnedProcess> {
    const tag = randomBytes(16).toString("hex");
    // Podman resets a connection of which a byte of input was not read, and what the command printed is lost.
    const readsAllInput = inputSize > 0;
    const text = readsAllInput ? drained(command) : plain(command);
    const script = `printf '%s%s %s\\n' ${tag.slice(0, 16)} ${tag.slice(16)} $$ >&2\n${text}`;
    const id = await this.#create(["/bin/sh", "-c", script], tag, context);
    const signal = (pid: number | undefined, name: string): Promise<void> => this.#signal(tag, pid, name, context.http);
    const exitCode = (): Promise<number> => this.#exitCode(id, context.http);
    let process: ExecProcess | undefined;
    try {
      process = new ExecProcess({
        socket: await this.#connect(id, context),
        label: this.label,
        marker: tag,
        readsAllInput,
        exitCode,
        signal,
        unreadStderr: this.#unreadStderr,
      });
      await orAborted(process.started(), context.signal);
      return process;
    } catch (error) {
      // Giving up does not stop the engine's work.
      if (process !== undefined) await endProcess(process);
      else if (statusOf(error) === undefined) await this.#abandon(id, tag, context.http);
      throw error;
    }
  }

  /** @param tag of a user's command; undefined for one of ours */
  async #create(argv: readonly string[], tag: string | undefined, context: RestContext): Promise<string> {
    const { container, user, cwd } = this.#settings;
    const isCommand = tag !== undefined;
    const options = {
      Cmd: argv,
      AttachStdin: isCommand,
      AttachStdout: true,
      AttachStderr: isCommand,
      ...(isCommand && { Env: [`SREMOTE_EXEC=${tag}`], DetachKeys: neverTyped(tag) }),
      ...(user !== undefined && { User: user }),
      ...(cwd !== undefined && isCommand && { WorkingDir: cwd }),
    };
    // That it was created starts nothing, so it may be created twice.
    const reply = await this.#send({ method: "POST", path: `/containers/${container}/exec`, ...json(options), idempotent: true }, context);
    const { Id: id } = reply.json();
    if (typeof id !== "string" || !/^[0-9a-f]+$/.test(id)) throw new ProtocolError("protocol-error", "the engine's reply has no exec id");
    return id;
  }

  /** Starts it, once; the reply is the connection itself. */
  async #connect(id: string, { http, signal }: RestContext): Promise<Duplex> {
    // Only who uses it loads it.
    const { upgrade } = await import("./upgrade.ts");
    const link = await http.link({ path: `/exec/${id}/start` }, signal);
    const reply = await upgrade(link, { Detach: false, Tty: false }, this.label, signal);
    if (!("said" in reply)) return reply;
    const error = new ConnectError("channel-failed", `the command could not be started in the container: ${http.redact(reply.said)}`, {
      stage: "exec",
      host: this.label,
      hint: startHint,
    });
    throw withStatus(error, reply.status);
  }

  /** Ends a command whose start was no longer waited for. Never rejects: there is an error to report already. */
  async #abandon(id: string, tag: string, http: HttpClient): Promise<void> {
    const signal = AbortSignal.timeout(ownTimeout);
    try {
      for (let look = 1; look <= 8; look += 1) {
        await this.#signal(tag, undefined, look < 5 ? "SIGTERM" : "SIGKILL", http);
        const { Running: running, ExitCode: code } = (await http.send({ method: "GET", path: `/exec/${id}/json` }, signal)).json();
        // Without an exit code it was not started, and may yet be.
        if (running === false && (typeof code === "number" || look > 3)) return;
        await pause(backOff(look, 100, 1000), signal);
      }
    } catch {
      // The engine does not answer, and so ends nothing.
    }
  }

  async #exitCode(id: string, http: HttpClient): Promise<number> {
    const signal = AbortSignal.timeout(ownTimeout);
    for (let look = 1; look <= looks; look += 1) {
      const { Running: running, ExitCode: code } = (await http.send({ method: "GET", path: `/exec/${id}/json` }, signal)).json();
      // Podman says -1 where it does not know: no command ends with that.
      if (running === false && typeof code === "number" && code >= 0) return code;
      await pause(backOff(look, 5, 2000), signal);
    }
    throw new ProtocolError("protocol-error", "the engine reported no exit code");
  }

  /**
   * By a command of ours, whose output ends when it has ended. Whether a detached one has, Podman before 4.6 does not tell for minutes
   * (podman issue 18424). It may be sent again.
   */
  async #signal(tag: string, pid: number | undefined, name: string, http: HttpClient): Promise<void> {
    const context: RestContext = { http, signal: AbortSignal.timeout(ownTimeout) };
    const script = killScript(tag, pid, name.replace("SIG", ""));
    for (let attempt = 1; ; attempt += 1) {
      try {
        const id = await this.#create(["/bin/sh", "-c", script], undefined, context);
        const socket = await this.#connect(id, context);
        return await orAborted(ended(socket), context.signal);
      } catch (error) {
        const isLink = error instanceof ConnectError && error.code === "connection-lost";
        if (context.signal.aborted) throw this.#silent(error);
        if (!isLink || attempt >= attempts) throw error;
      }
      await pause(backOff(attempt, 100, 1000), context.signal);
    }
  }

  #silent(cause: unknown): ConnectError {
    return new ConnectError("connection-lost", `the engine did not send a signal within ${ownTimeout} ms`, {
      stage: "exec",
      host: this.label,
      cause,
    });
  }

  async #send(request: Parameters<HttpClient["send"]>[0], { http, signal }: RestContext): Promise<HttpReply> {
    const about = { stage: "connect", host: this.label };
    let reply: HttpReply;
    try {
      reply = await http.send({ ...request, accept: [404, 409] }, signal);
    } catch (error) {
      if (!(error instanceof SremoteError) || error.code !== "connect-refused") throw error;
      const hint = "nothing listens at the socket: dockerd does not run, or `socketPath` is another one";
      throw new ConnectError("connect-refused", error.message, { ...about, hint, cause: error });
    }
    if (reply.status !== 404 && reply.status !== 409) return reply;
    const message = reply.object?.["message"];
    const said = http.redact(typeof message === "string" ? message : reply.text);
    const hint = reply.status === 404 ? "`docker ps` names the containers that run" : "start it, or end its pause";
    throw new ConnectError("connect-failed", `the engine says: ${said}`, { ...about, hint });
  }
}

/**
 * Podman leaves a command, and ends its input, when the bytes of these keys come one by one; by default Ctrl-P and Ctrl-Q, which are bytes like
 * any others here. None at all is not to be had: so a sequence of 32 random letters.
 */
function neverTyped(tag: string): string {
  return Array.from(tag, (digit) => "abcdefghijklmnop"[Number.parseInt(digit, 16)]).join(",");
}

/** Resolves when the connection has ended, whatever came over it. */
async function ended(socket: Duplex): Promise<void> {
  try {
    socket.resume();
    await finished(socket, { writable: false });
  } finally {
    socket.on("error", () => {}).destroy();
  }
}
