/* A command run by the system's ssh as a RemoteProcess. */
import { PassThrough, Readable } from "node:stream";
import type { Writable } from "node:stream";
import { ConnectError } from "@sremote/protocol";
import type { RemoteProcess } from "../connector.ts";
import type { ExitStatus, KillSignal } from "../ssh/channel-process.ts";
import { MarkerFilter } from "../ssh/marker-filter.ts";
import type { ReportedCommand } from "./command.ts";
import { opensshError } from "./openssh-error.ts";
import type { SshChild } from "./ssh-child.ts";
import { TrailerFilter } from "./trailer-filter.ts";

export interface SshProcessOptions {
  ssh: SshChild;
  command: ReportedCommand;
  /** Both outputs are one. */
  pty: boolean;
  label: string;
  /** Whether a connection stood already. */
  shared: boolean;
  /** Called once when ssh has ended. */
  release(): void;
  /** Sends a signal to a process of the host and all below it. */
  signal(pid: number, signal: KillSignal): Promise<void>;
}

const stdoutBuffer = 64 * 1024;
/** As for ssh(): an unread stderr must not stop stdout; beyond this the command waits. */
const stderrBuffer = 48 * 1024 * 1024;

export class SshProcess implements RemoteProcess {
  readonly stdin: Writable;
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
  #killedBy: KillSignal | undefined;
  #ended = false;

  constructor(options: SshProcessOptions) {
    this.#options = options;
    const { child } = options.ssh;
    const { marker, trailer } = options.command;
    this.#start = new MarkerFilter(marker, stdoutBuffer);
    this.#startError = new MarkerFilter(marker, stdoutBuffer);
    this.#end = new TrailerFilter(trailer, stderrBuffer);
    this.stdin = child.stdin;
    this.#output = options.pty ? new PassThrough() : this.#start;
    this.stdout = this.#output;
    this.stderr = options.pty ? Readable.from([]) : this.#end;
    // Whoever does not listen to a stream must not be ended by its error.
    for (const stream of [child.stdin, child.stdout, child.stderr, this.#start, this.#startError, this.#end, this.#output]) {
      stream.on("error", () => undefined);
    }
    this.#start.once("marker", (rest: string) => this.#pid.resolve(Number(rest)));
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

  async kill(signal: KillSignal = "SIGTERM"): Promise<void> {
    if (this.#ended) return;
    const pid = await this.#pid.promise;
    if (pid === undefined || this.#ended) return;
    this.#killedBy = signal;
    await this.#options.signal(pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.#ended) await this.kill("SIGKILL");
    } catch (error) {
      // Without a link there is nothing to end it with.
      if (!(error instanceof ConnectError)) throw error;
    } finally {
      this.stdin.destroy();
      this.stdout.resume();
      this.stderr.resume();
      this.#options.ssh.child.kill("SIGTERM");
    }
  }

  async #wait(reported: Promise<void>): Promise<ExitStatus> {
    const { ssh } = this.#options;
    try {
      const code = await ssh.exited;
      await reported;
      const log = await ssh.takeLog();
      const status = this.#status(code, log);
      // The end of the output is only passed on when it is known to be the end.
      const before = this.#options.pty ? this.#end : ssh.child.stdout;
      if (before.readableEnded) this.#output.end();
      else before.once("end", () => this.#output.end());
      return status;
    } catch (error) {
      for (const stream of [this.#start, this.#end, this.#output]) stream.destroy(error instanceof Error ? error : undefined);
      throw error;
    } finally {
      this.#ended = true;
      this.#pid.resolve(undefined);
      this.#options.release();
    }
  }

  #status(code: number | null, log: string): ExitStatus {
    if (this.#end.status !== undefined) return { exitCode: this.#end.status, signal: null };
    const started = (this.#options.pty ? this.#start : this.#startError).found;
    // The shell that would have reported was killed with the command, as it was asked for.
    if (started && this.#killedBy === "SIGKILL") return { exitCode: null, signal: "SIGKILL" };
    const { label, shared } = this.#options;
    if (!started && code !== 255 && code !== null) throw this.#refused(code);
    throw opensshError(log, label, started ? "started" : shared ? "shared" : "new");
  }

  #refused(code: number): ConnectError {
    const said = `${this.#start.noise.toString("utf8")}\n${this.#startError.noise.toString("utf8")}`.trim();
    return new ConnectError("channel-failed", `the account's login shell did not start the command; it ended with ${code}`, {
      stage: "exec",
      host: this.#options.label,
      lastLines: said.split("\n").slice(-10).join("\n"),
      hint: "the account may have no usable login shell, a forced command, or start-up files that exit",
    });
  }
}
