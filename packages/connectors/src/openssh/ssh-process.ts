/* A command run by the system's ssh as a SpawnedProcess. */
import { PassThrough, Readable } from "node:stream";
import { ConnectError, hostLimits } from "@sremote/protocol";
import type { SpawnedProcess } from "../connector.ts";
import { settledWithin } from "../deadline.ts";
import {
  brokenRule,
  doubtStart,
  type ExitStatus,
  GatedInput,
  type KillSignal,
  MarkerFilter,
  notStarted,
  type RunLine,
  type UnreadStderr,
} from "../process/index.ts";
import type { ReportedCommand } from "./command.ts";
import { opensshError, silentLink } from "./openssh-error.ts";
import type { SshChild, SshLog } from "./ssh-child.ts";
import { watchStart } from "./start-deadline.ts";
import { TrailerFilter } from "./trailer-filter.ts";

export interface SshProcessOptions {
  ssh: SshChild;
  command: ReportedCommand;
  /** Both outputs are one. */
  pty: boolean;
  label: string;
  /** Whether a connection stood already. */
  shared: boolean;
  /** Whether that connection still stands: the host, or the ssh that holds it, was asked. */
  isShared(): Promise<boolean>;
  /** Whether the host gives a sign of life over that connection, for which it needs no shell. True where it cannot be asked. */
  answers(): Promise<boolean>;
  /** Milliseconds to reach the host, where no connection stood. */
  connectTimeout: number;
  /** Milliseconds for the login shell to start the command. */
  startTimeout: number;
  /** Runs another line with no input. Absent where that would take another connection. */
  ask: RunLine | undefined;
  /** Of all processes of the connector. */
  unreadStderr: UnreadStderr;
  /** Called once when ssh has ended. */
  release(): void;
  /** Sends a signal to a process of the host and all below it. */
  signal(pid: number, signal: KillSignal): Promise<void>;
}

const stdoutBuffer = hostLimits.unreadStdout;
/** How long a command that is to be ended may take to begin, in milliseconds. */
const lastChance = 500;

export class SshProcess implements SpawnedProcess {
  readonly stdin: GatedInput;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ExitStatus>;
  readonly #options: SshProcessOptions;
  readonly #start: MarkerFilter;
  readonly #startError: MarkerFilter;
  readonly #end: TrailerFilter;
  /** The last on the way of standard output. */
  readonly #output: PassThrough | MarkerFilter;
  readonly #pid = Promise.withResolvers<number | undefined>();
  readonly #gaveUp = Promise.withResolvers<never>();
  readonly #stopWatching: () => void;
  readonly #begun = Promise.withResolvers<void>();
  #undone = false;
  /** What the host broke. */
  #broken: ConnectError | undefined;
  #killedBy: KillSignal | undefined;
  #ended = false;

  constructor(options: SshProcessOptions) {
    this.#options = options;
    const { child } = options.ssh;
    const { marker, trailer, script } = options.command;
    this.#gaveUp.promise.catch(() => undefined);
    this.#start = new MarkerFilter(marker, stdoutBuffer);
    this.#startError = new MarkerFilter(marker, stdoutBuffer);
    this.#end = options.unreadStderr.add(new TrailerFilter(trailer, hostLimits.unreadStderr));
    const { stdin } = child;
    this.stdin = new GatedInput(stdin, script, () => stdin.destroy());
    stdin.once("close", () => this.stdin.close());
    this.#output = options.pty ? new PassThrough() : this.#start;
    this.stdout = this.#output;
    this.stderr = options.pty ? Readable.from([]) : this.#end;
    // A program that does not listen to a stream must not be ended by its error.
    for (const stream of [stdin, this.stdin, child.stdout, child.stderr, this.#start, this.#startError, this.#end, this.#output]) {
      stream.on("error", () => undefined);
    }
    for (const filter of [this.#start, this.#startError, this.#end]) filter.once("error", (error) => this.#refuse(error));
    const { label, shared, startTimeout } = options;
    const connectTimeout = shared ? undefined : options.connectTimeout;
    const stopWatching = watchStart(options.ssh, { connectTimeout, startTimeout, label }, (reason) => {
      if ("error" in reason) this.#giveUp(reason.error);
      else this.#late(reason.how);
    });
    const waits = (): boolean => !this.#ended && !this.#start.found && this.stdin.isHeld;
    const stopDoubt = options.ask === undefined ? undefined : doubtStart(options.ask, waits, (how) => this.#giveUp(this.#notStarted(how)));
    this.#stopWatching = () => {
      stopWatching();
      stopDoubt?.();
    };
    this.#start.once("marker", (rest: string) => {
      this.#stopWatching();
      this.#begun.resolve();
      this.#pid.resolve(Number(rest));
      this.stdin.open();
    });
    const reported = new Promise<void>((resolve) => {
      this.#end.once("finish", resolve).once("close", resolve);
    });
    if (options.pty) {
      child.stdout.pipe(this.#start).pipe(this.#end).pipe(this.#output, { end: false });
      // Nothing of the command comes here, but ssh itself has remarks on terminals.
      child.stderr.resume();
    } else {
      child.stdout.pipe(this.#start, { end: false });
      child.stderr.pipe(this.#startError).pipe(this.#end);
    }
    this.exit = this.#wait(reported);
    this.exit.catch(() => undefined);
  }

  /** Resolves when the command has begun, or never will. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** The host closed the channel before anything had begun, and keeps the connection. */
  get wasUndone(): boolean {
    return this.#undone;
  }

  /** One that has not begun by then never will. */
  async kill(signal: KillSignal = "SIGTERM"): Promise<void> {
    if (this.#ended) return;
    if (!this.#start.found && !(await settledWithin(this.#pid.promise, lastChance))) {
      return this.#giveUp(this.#notStarted("; it was cancelled before"));
    }
    const pid = await this.#pid.promise;
    if (pid === undefined || this.#ended) return;
    this.#killedBy = signal;
    await this.#options.signal(pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      // Start-up files that read it go on at its end, and a shell that was put in place of the account's own ends.
      if (!this.#start.found) this.stdin.destroy();
      if (!this.#ended) await this.kill("SIGKILL");
    } catch (error) {
      // Without a link there is nothing to end it with.
      if (!(error instanceof ConnectError)) throw error;
    } finally {
      this.stdin.destroy();
      this.stdout.resume();
      this.stderr.resume();
      this.#endSsh();
    }
  }

  /** With its ssh, the channel ends: the command cannot announce itself, and so does not begin. */
  #giveUp(error: ConnectError): void {
    if (this.#ended || this.#start.found) return;
    this.#gaveUp.reject(error);
    this.#endSsh();
  }

  /** Whether the account's shell takes too long, or the host is not there any more, only the host can say. */
  #late(how: string): void {
    const giveUp = (isThere: boolean): void => this.#giveUp(isThere ? this.#notStarted(how) : silentLink(how, this.#options.label));
    this.#options.answers().then(giveUp, () => giveUp(true));
  }

  /** The host keeps to no rule: its ssh, which waits to be read, ends. */
  #refuse(error: unknown): void {
    if (this.#ended || this.#broken !== undefined) return;
    this.#broken = brokenRule(error, this.#options.label);
    if (this.#broken === undefined) return;
    this.#gaveUp.reject(this.#broken);
    this.#endSsh();
  }

  /** Why is known, and told by `exit`: a log that cannot be taken has nothing to add. */
  #endSsh(): void {
    const { ssh } = this.#options;
    ssh
      .end()
      .then(() => ssh.takeLog())
      .catch(() => undefined);
  }

  async #wait(reported: Promise<void>): Promise<ExitStatus> {
    const { ssh } = this.#options;
    try {
      const code = await Promise.race([ssh.exited, this.#gaveUp.promise]);
      await reported;
      if (this.#broken !== undefined) throw this.#broken;
      const log = await ssh.takeLog();
      const status = await this.#status(code, log);
      // The end of the output is only passed on when it is known to be the end.
      const before = this.#options.pty ? this.#end : ssh.child.stdout;
      if (before.readableEnded) this.#output.end();
      else before.once("end", () => this.#output.end());
      return status;
    } catch (error) {
      for (const stream of [this.stdin, this.#start, this.#startError, this.#end, this.#output])
        stream.destroy(error instanceof Error ? error : undefined);
      throw error;
    } finally {
      this.#ended = true;
      this.#stopWatching();
      this.#begun.resolve();
      this.#pid.resolve(undefined);
      this.#options.release();
    }
  }

  async #status(code: number | null, log: SshLog): Promise<ExitStatus> {
    if (this.#end.status !== undefined) return { exitCode: this.#end.status, signal: null };
    const started = (this.#options.pty ? this.#start : this.#startError).found;
    // The shell that would have reported was killed with the command, as it was asked for.
    if (started && this.#killedBy === "SIGKILL") return { exitCode: null, signal: "SIGKILL" };
    const { label, shared } = this.#options;
    if (!started && code !== 255 && code !== null) throw this.#notStarted(`; it ended with ${code}`);
    const said = this.#startError.noise.toString("utf8");
    // The ssh of a command has nothing to say, whether the host closed its channel or the connection was lost.
    if (!started && shared && code === 255 && log.text.trim() === "" && (await this.#options.isShared())) {
      this.#undone = this.#start.noise.length === 0 && said === "";
      throw this.#notStarted(this.#undone ? "; the host closed its channel" : "; it ended with 255");
    }
    // Once the host has taken the credentials, a connection that ends is a lost one, and the command may have begun.
    throw opensshError(log.text, said, label, started ? "started" : shared || log.authenticated ? "shared" : "new");
  }

  #notStarted(how: string): ConnectError {
    return notStarted(how, this.#start.noise, this.#startError.noise, this.#options.label);
  }
}
