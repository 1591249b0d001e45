/* A command on an SSH channel as a SpawnedProcess. */
import type { Readable } from "node:stream";
import { ConnectError, DeadlineTimer, hostLimits } from "@sremote/protocol";
import type { ClientChannel } from "ssh2";
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
  type StartLine,
} from "../process/index.ts";
import type { Connection } from "./connection.ts";

export interface ChannelProcessOptions {
  channel: ClientChannel;
  connection: Connection;
  command: StartLine;
  /** Milliseconds for the login shell to start the command. */
  startTimeout: number;
  /** Runs another line with no input. */
  ask: RunLine;
  /** Called once when the channel is closed or the link lost. */
  release(): void;
  /** Sends a signal to a process of the host and all below it. */
  signal(pid: number, signal: KillSignal): Promise<void>;
}

/** ssh2's window for a channel; more than this is never on the way. */
const stdoutBuffer = hostLimits.unreadStdout;
/** How long a command that is to be ended may take to begin, in milliseconds. */
const lastChance = 500;

export class ChannelProcess implements SpawnedProcess {
  readonly stdin: GatedInput;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ExitStatus>;
  readonly #options: ChannelProcessOptions;
  readonly #out: MarkerFilter;
  readonly #err: MarkerFilter;
  readonly #pid = Promise.withResolvers<number | undefined>();
  readonly #exit = Promise.withResolvers<ExitStatus>();
  readonly #stopClocks: () => void;
  #status: ExitStatus | undefined;
  #ended = false;
  #closed = false;

  constructor(options: ChannelProcessOptions) {
    this.#options = options;
    const { channel, connection, command } = options;
    const { marker, script } = command;
    this.exit = this.#exit.promise;
    // A caller that only reads the streams need not look at the exit status.
    this.exit.catch(() => undefined);
    this.#out = new MarkerFilter(marker, stdoutBuffer);
    this.#err = connection.unreadStderr.add(new MarkerFilter(marker, hostLimits.unreadStderr));
    this.stdin = new GatedInput(channel, script);
    const late = new DeadlineTimer(options.startTimeout, () => this.#giveUp(` within ${options.startTimeout} ms`));
    const stopDoubt = doubtStart(
      options.ask,
      () => !this.#ended && !this.#out.found && this.stdin.isHeld,
      (how) => this.#giveUp(how),
    );
    this.#stopClocks = () => {
      late.stop();
      stopDoubt();
    };
    this.stdout = this.#out;
    this.stderr = this.#err;
    // A stream that is destroyed because the link was lost must not end a program that does not listen to it.
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.on("error", () => undefined);
    for (const filter of [this.#out, this.#err]) {
      filter.once("error", (error) => {
        const broken = brokenRule(error, connection.label);
        if (broken === undefined || this.#ended) return;
        this.#lost(broken);
        channel.close();
      });
    }
    channel.on("error", () => undefined);
    connection.shareWindow(channel);
    channel.pipe(this.#out);
    channel.stderr.pipe(this.#err);
    const forget = connection.onLost((error) => this.#lost(error));
    this.#out.once("marker", (rest: string) => {
      this.#stopClocks();
      this.#pid.resolve(Number(rest));
      this.stdin.open();
      this.#settle();
    });
    channel.once("exit", (code: number | null, signal?: string) => {
      this.#status = code === null ? { exitCode: null, signal: signal ?? "SIGKILL" } : { exitCode: code, signal: null };
      this.#settle();
    });
    // ssh2 reports the close of the channel on stdout only when that is read; stderr is always drained, so there it is in time.
    channel.stderr.once("close", () => {
      forget();
      options.release();
      this.#closed = true;
      this.stdin.close();
      // What was received before may still be on its way through the filter.
      if (this.#out.found || this.#out.writableFinished) this.#settle();
      else this.#out.once("finish", () => this.#settle());
    });
  }

  /** One that has not begun by then never will. */
  async kill(signal: KillSignal = "SIGTERM"): Promise<void> {
    if (this.#ended) return;
    if (!this.#out.found && !(await settledWithin(this.#pid.promise, lastChance))) return this.#giveUp("; it was cancelled before");
    const pid = await this.#pid.promise;
    if (pid === undefined || this.#ended) return;
    await this.#options.signal(pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      // Start-up files that read it go on at its end, and a shell that was put in place of the account's own ends.
      if (!this.#out.found) this.stdin.destroy();
      if (!this.#ended) await this.kill("SIGKILL");
    } catch (error) {
      // Without a link there is nothing to end it with, and nothing to dispose of.
      if (!(error instanceof ConnectError)) throw error;
    } finally {
      this.#options.channel.close();
      this.stdin.destroy();
      this.stdout.resume();
      this.stderr.resume();
    }
  }

  // The exit status counts once the command is known to have been started: a login shell that refuses also exits.
  #settle(): void {
    if (this.#ended) return;
    if (this.#status !== undefined && this.#out.found) {
      this.#ended = true;
      this.#exit.resolve(this.#status);
    } else if (this.#closed && (this.#out.found || this.#out.writableFinished)) {
      this.#ended = true;
      this.#stopClocks();
      this.#pid.resolve(undefined);
      this.#exit.reject(this.#out.found ? this.#broken() : this.#notStarted());
    }
  }

  #lost(error: ConnectError): void {
    this.#options.release();
    this.#stopClocks();
    this.#pid.resolve(undefined);
    // An end that was reported before is one; without it, no exit code is made up (G02).
    if (!this.#ended) {
      this.#ended = true;
      this.#exit.reject(error);
    }
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy(error);
  }

  #broken(): ConnectError {
    const { label } = this.#options.connection;
    return new ConnectError("connection-lost", "the host closed the channel without an exit status", { stage: "exec", host: label });
  }

  /** The start is no longer waited for. With its channel closed, the command cannot announce itself, and so does not begin. */
  #giveUp(how: string): void {
    if (this.#ended || this.#out.found) return;
    const { channel, command } = this.#options;
    this.#ended = true;
    this.#stopClocks();
    const error = this.#notStarted(how);
    // Unless that is on its way.
    const late = new MarkerFilter(command.marker, stdoutBuffer);
    late.once("marker", (rest: string) => void this.#options.signal(Number(rest), "SIGKILL").catch(() => undefined)); // It ends with the link otherwise.
    channel.unpipe(this.#out).pipe(late).resume();
    channel.close();
    this.#pid.resolve(undefined);
    this.#exit.reject(error);
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy(error);
    channel.stderr.unpipe(this.#err).resume();
  }

  #notStarted(how = this.#status === undefined ? "" : `; it ended with ${this.#status.exitCode ?? this.#status.signal}`): ConnectError {
    return notStarted(how, this.#out.noise, this.#err.noise, this.#options.connection.label);
  }
}
