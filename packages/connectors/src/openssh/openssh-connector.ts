/* The connector over the system's ssh. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectError, hostLimits, SremoteError } from "@sremote/protocol";
import type { Command, OperationOptions, SpawnedProcess } from "../connector.ts";
import { orAborted, settledWithin } from "../deadline.ts";
import { type KillSignal, plainLine, ProcessConnector, type StartOptions, Tail, UnreadStderr } from "../process/index.ts";
import { shellText } from "../command-line.ts";
import { defaultStartTimeout, destinationLabel, expandHome, killScript } from "../ssh/index.ts";
import { allInUse, programOf, sessionOf } from "../sessions-in-use.ts";
import { Slots } from "../slots.ts";
import { StartAgain } from "../start-again.ts";
import { reportedCommand } from "./command.ts";
import type { ReportedCommand } from "./command.ts";
import { Master } from "./master.ts";
import { opensshError } from "./openssh-error.ts";
import type { OpenSshOptions } from "./options.ts";
import { defaultConnectTimeout, sshArguments } from "./options.ts";
import { SshPaths } from "./paths.ts";
import { startSsh } from "./ssh-child.ts";
import type { SshChild } from "./ssh-child.ts";
import { SshProcess } from "./ssh-process.ts";

/** sshd's default MaxSessions is 10: two are kept for ending commands. */
const mostSessions = 8;
/** What is kept of what a command of our own prints, in bytes. */
const keptOutput = hostLimits.lastLines;
/** How long ending a command may take, in milliseconds. */
const killTimeout = 10_000;
/** For a sign of life, in milliseconds: the slowest links, over satellites, have round trips below one second. */
const answerTimeout = 3000;
/** How long an orderly end may take, in milliseconds. */
const closeTimeout = 5000;

export class OpenSshConnector extends ProcessConnector {
  readonly #options: OpenSshOptions;
  readonly #program: string;
  readonly #paths = new SshPaths();
  readonly #args: readonly string[];
  readonly #timeouts: { readonly connectTimeout: number; readonly startTimeout: number };
  readonly #slots = new Slots(mostSessions);
  readonly #again = new StartAgain();
  readonly #unreadStderr = new UnreadStderr();
  readonly #processes = new Set<SshProcess>();
  readonly #closing = new AbortController();
  #directory: Promise<string> | undefined;
  #opening: Promise<Master> | undefined;
  #master: Master | undefined;
  #logs = 0;

  /** @param options checked before */
  constructor(options: OpenSshOptions) {
    super(destinationLabel(options, "openssh"));
    this.#options = options;
    this.#program = expandHome(options.program ?? "ssh");
    this.#args = sshArguments(options, this.#paths);
    const { connectTimeout = defaultConnectTimeout, startTimeout = defaultStartTimeout } = options;
    this.#timeouts = { connectTimeout, startTimeout };
  }

  protected async reach(options: OperationOptions): Promise<void> {
    // A host whose sessions are all in use answers on those; a question of its own would wait until one of them ends.
    if (!this.#slots.isFull || !(await this.#isShared())) await this.exec(["true"], options);
  }

  protected override get occupation(): string {
    return allInUse(mostSessions, this.#slots.holders);
  }

  async close(): Promise<void> {
    await this.lifetime.close();
    const disposed = [...this.#processes].map((each) => each[Symbol.asyncDispose]());
    await settledWithin(Promise.allSettled(disposed), closeTimeout);
    this.#closing.abort(new SremoteError("closed", "the connector was closed", { host: this.label }));
    await this.#opening?.catch(() => undefined);
    await this.#master?.end();
    this.#master = undefined;
    if (this.#directory !== undefined) await rm(await this.#directory, { recursive: true, force: true });
  }

  protected async start(command: Command, options: StartOptions): Promise<SpawnedProcess> {
    const { signal, pty, onWait, purpose = programOf(command), inputSize } = options;
    const reported = reportedCommand(command, pty);
    await (signal === undefined ? this.#connect() : orAborted(this.#connect(), signal));
    const waiting = (): void => onWait?.(sessionOf(mostSessions, this.#slots.holders));
    let wasUndone = false;
    const attempt = async (): Promise<SshProcess> => {
      wasUndone = false;
      const release = await this.#slots.acquire(signal, waiting, purpose);
      const process = await this.#startProcess(reported, pty !== undefined, release);
      // Before it begins: a start-up file that reads input goes on at its end.
      if (inputSize === 0) process.stdin.end();
      // Only the end of another command undoes a start.
      if (this.#slots.held === 1 && !this.#again.isNeeded) return process;
      // However long that takes: only a caller that waits here can start it again. It has a deadline of its own, `startTimeout`; a caller that gives up ends it.
      await (signal === undefined ? process.begun : orAborted(process.begun, signal).catch(() => undefined));
      wasUndone = process.wasUndone && signal?.aborted !== true;
      if (wasUndone) await process.exit;
      return process;
    };
    return await this.#again.run(attempt, () => wasUndone, signal);
  }

  async #startProcess(reported: ReportedCommand, pty: boolean, release: () => void): Promise<SshProcess> {
    let ssh: SshChild;
    try {
      ssh = await this.#run(reported.line, pty ? ["-tt"] : []);
    } catch (error) {
      release();
      throw error;
    }
    const process = new SshProcess({
      ssh,
      command: reported,
      pty,
      label: this.label,
      shared: this.#master !== undefined,
      isShared: () => this.#isShared(),
      answers: () => this.#answers(),
      ...this.#timeouts,
      unreadStderr: this.#unreadStderr,
      ask: this.#options.multiplex === false ? undefined : (line) => this.#runToEnd(line),
      release: () => {
        release();
        this.#processes.delete(process);
      },
      signal: (pid, name) => this.#signal(pid, name),
    });
    this.#processes.add(process);
    return process;
  }

  /** @param line none where no command is to be run */
  async #run(line: string | undefined, more: readonly string[] = []): Promise<SshChild> {
    const shared = this.#options.multiplex === false ? ["-S", "none"] : ["-o", "ControlMaster=no", "-S", await this.#socket()];
    const logFile = await this.#logFile();
    const args = [...this.#args, ...more, ...shared, "--", this.#options.host, ...(line === undefined ? [] : [line])];
    return startSsh(this.#program, args, logFile, this.label, this.#paths.variables);
  }

  /** Whether the connection stands: asked of the ssh that holds it, whose end may not have been told here yet. */
  async #isShared(): Promise<boolean> {
    if (this.#master?.isOpen !== true) return false;
    const args = [...this.#args, "-S", await this.#socket(), "-O", "check", "--", this.#options.host];
    const ssh = startSsh(this.#program, args, await this.#logFile(), this.label, this.#paths.variables);
    for (const stream of [ssh.child.stdout, ssh.child.stderr]) stream.resume();
    ssh.child.stdin.on("error", () => undefined).end();
    const timer = setTimeout(() => ssh.child.kill("SIGKILL"), killTimeout);
    const code = await ssh.exited.catch(() => null);
    clearTimeout(timer);
    await ssh.takeLog();
    return code === 0;
  }

  /**
   * Whether the host gives a sign of life over the connection. It is asked for a forwarding to a port that is closed: to refuse that, it
   * needs neither a session nor a shell. ssh itself would take up to 45 s to notice (ServerAliveInterval).
   */
  async #answers(): Promise<boolean> {
    if (this.#options.multiplex === false) return true;
    const ssh = await this.#run(undefined, ["-W", "127.0.0.1:1"]);
    for (const stream of [ssh.child.stdout, ssh.child.stderr]) stream.resume();
    ssh.child.stdin.on("error", () => undefined).end();
    const hasAnswered = await settledWithin(ssh.exited, answerTimeout);
    if (!hasAnswered) await ssh.end();
    await ssh.takeLog();
    return hasAnswered;
  }

  async #connect(): Promise<void> {
    if (this.#options.multiplex === false || this.#master?.isOpen === true) return;
    this.#opening ??= this.#openMaster().finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  async #openMaster(): Promise<Master> {
    const directory = await this.#private();
    this.#master = await Master.open(
      {
        program: this.#program,
        args: this.#args,
        variables: this.#paths.variables,
        connectTimeout: this.#timeouts.connectTimeout,
        destination: this.#options.host,
        socket: await this.#socket(),
        logFile: () => this.#nextLog(directory),
        label: this.label,
      },
      this.#closing.signal,
    );
    return this.#master;
  }

  /** Private (mode 0700): who can use the socket can use the connection. */
  #private(): Promise<string> {
    this.#directory ??= makeDirectory(this.label).catch((error: unknown) => {
      this.#directory = undefined;
      throw error;
    });
    return this.#directory;
  }

  async #socket(): Promise<string> {
    return join(await this.#private(), "s");
  }

  async #logFile(): Promise<string> {
    return this.#nextLog(await this.#private());
  }

  #nextLog(directory: string): string {
    this.#logs += 1;
    return join(directory, `log-${this.#logs}`);
  }

  async #signal(pid: number, signal: KillSignal): Promise<void> {
    await this.#runToEnd(plainLine(shellText(killScript(pid, signal))), true);
  }

  /** @returns the end of what it printed */
  async #runToEnd(line: string, mustSucceed = false): Promise<Buffer> {
    const ssh = await this.#run(line);
    const { child } = ssh;
    const output = new Tail(keptOutput);
    child.stdin.on("error", () => undefined).end();
    child.stdout.on("data", (chunk: Buffer) => output.add(chunk));
    child.stderr.resume();
    const timer = setTimeout(() => child.kill("SIGKILL"), killTimeout);
    try {
      const closed = once(child, "close");
      closed.catch(() => undefined); // That it could not be started is told by `exited`.
      const code = await ssh.exited;
      await closed;
      const log = await ssh.takeLog();
      if (code !== 0 && (mustSucceed || code === 255 || code === null)) throw opensshError(log.text, "", this.label, "shared");
      return Buffer.from(output.bytes);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** ssh expands `%` and `${` in a socket's path, which may have about 100 bytes, of which ssh appends 17 while it makes it. */
async function makeDirectory(label: string): Promise<string> {
  const bases = [tmpdir(), "/tmp"].filter((base) => Buffer.byteLength(base) <= 60 && !/[%$]/.test(base));
  let cause: unknown;
  for (const base of bases) {
    try {
      return await mkdtemp(join(base, "sremote-ssh-"));
    } catch (error) {
      cause ??= error;
    }
  }
  throw new ConnectError("unsupported", `no directory for ssh's files can be made in ${bases.join(" or ")}`, {
    stage: "connect",
    host: label,
    hint: "set TMPDIR to a directory that you may write to",
    cause,
  });
}
