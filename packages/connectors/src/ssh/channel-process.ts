/* A command on an SSH channel as a RemoteProcess. */
import { Writable } from "node:stream";
import type { Readable } from "node:stream";
import { ConnectError } from "@sremote/protocol";
import type { ClientChannel } from "ssh2";
import type { RemoteProcess } from "../connector.ts";
import type { Connection } from "./connection.ts";
import { MarkerFilter } from "./marker-filter.ts";

export type ExitStatus = Awaited<RemoteProcess["exit"]>;
export type KillSignal = NonNullable<Parameters<RemoteProcess["kill"]>[0]>;

export interface ChannelProcessOptions {
  channel: ClientChannel;
  connection: Connection;
  marker: Buffer;
  /** Called once when the channel is closed or the link lost. */
  release(): void;
  /** Sends a signal to a process of the host and all below it. */
  signal(pid: number, signal: KillSignal): Promise<void>;
}

/** ssh2's window for a channel; more than this is never on the way. */
const stdoutBuffer = 64 * 1024;
/**
 * stdout and stderr share a channel's window, so an stderr that nobody reads would stop stdout. So much of it is kept; beyond, the
 * command waits rather than that something is lost.
 */
const stderrBuffer = 48 * 1024 * 1024;

export class ChannelProcess implements RemoteProcess {
  readonly stdin: ChannelInput;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ExitStatus>;
  readonly #options: ChannelProcessOptions;
  readonly #out: MarkerFilter;
  readonly #err: MarkerFilter;
  readonly #pid: Promise<number | undefined>;
  #settlePid!: (pid: number | undefined) => void;
  #settleExit!: { resolve(status: ExitStatus): void; reject(error: Error): void };
  #status: ExitStatus | undefined;
  #ended = false;
  #closed = false;

  constructor(options: ChannelProcessOptions) {
    this.#options = options;
    const { channel, marker, connection } = options;
    this.exit = new Promise((resolve, reject) => {
      this.#settleExit = { resolve, reject };
    });
    this.#pid = new Promise((resolve) => {
      this.#settlePid = resolve;
    });
    // Whoever only reads the streams need not look at the exit status.
    this.exit.catch(() => undefined);
    this.#out = new MarkerFilter(marker, stdoutBuffer);
    this.#err = new MarkerFilter(marker, stderrBuffer);
    this.stdin = new ChannelInput(channel);
    this.stdout = this.#out;
    this.stderr = this.#err;
    // A stream that is destroyed because the link was lost must not end the program of one who does not listen to it.
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.on("error", () => undefined);
    channel.on("error", () => undefined);
    channel.pipe(this.#out);
    channel.stderr.pipe(this.#err);
    const forget = connection.onLost((error) => this.#lost(error));
    this.#out.once("marker", (rest: string) => {
      this.#settlePid(Number(rest));
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
      this.stdin.channelClosed();
      // What was received before may still be on its way through the filter.
      if (this.#out.found || this.#out.writableFinished) this.#settle();
      else this.#out.once("finish", () => this.#settle());
    });
  }

  async kill(signal: KillSignal = "SIGTERM"): Promise<void> {
    if (this.#ended) return;
    const pid = await this.#pid;
    if (pid === undefined || this.#ended) return;
    await this.#options.signal(pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
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
      this.#settleExit.resolve(this.#status);
    } else if (this.#closed && (this.#out.found || this.#out.writableFinished)) {
      this.#ended = true;
      this.#settlePid(undefined);
      this.#settleExit.reject(this.#out.found ? this.#broken() : this.#notStarted());
    }
  }

  #lost(error: ConnectError): void {
    this.#options.release();
    this.#settlePid(undefined);
    // An end that was reported before is one; without it, no exit code is made up (G02).
    if (!this.#ended) {
      this.#ended = true;
      this.#settleExit.reject(error);
    }
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy(error);
  }

  #broken(): ConnectError {
    const { label } = this.#options.connection;
    return new ConnectError("connection-lost", "the host closed the channel without an exit status", { stage: "exec", host: label });
  }

  #notStarted(): ConnectError {
    const { label } = this.#options.connection;
    const said = `${this.#out.noise.toString("utf8")}\n${this.#err.noise.toString("utf8")}`.trim();
    const how = this.#status === undefined ? "" : `; it ended with ${this.#status.exitCode ?? this.#status.signal}`;
    return new ConnectError("channel-failed", `the account's login shell did not start the command${how}`, {
      stage: "exec",
      host: label,
      lastLines: said.split("\n").slice(-10).join("\n"),
      // Debian's package csh, of 1993: no word may have more than 1,024 bytes. tcsh, the csh of all other systems, has no such limit.
      hint: said.includes("Word too long")
        ? "the account's login shell is too old for commands of this length; use tcsh in place of bsd-csh, or another shell"
        : "the account may have no usable login shell, a forced command, or start-up files that exit",
    });
  }
}

/**
 * The channel's input. ssh2 never calls back for a write to a channel that the host has closed; here it fails with EPIPE,
 * as a pipe's would.
 */
export class ChannelInput extends Writable {
  readonly #channel: ClientChannel;
  #pending: ((error?: Error | null) => void) | undefined;
  #closed = false;

  constructor(channel: ClientChannel) {
    super({ highWaterMark: 256 * 1024 });
    this.#channel = channel;
  }

  channelClosed(): void {
    this.#closed = true;
    this.#answer(brokenPipe());
    if (!this.writableFinished) this.destroy();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#closed) return callback(brokenPipe());
    this.#pending = callback;
    this.#channel.write(chunk, (error) => this.#answer(error ?? null));
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (!this.#closed) this.#channel.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#closed) this.#channel.end();
    this.#answer(error ?? brokenPipe());
    callback(error);
  }

  #answer(error: Error | null): void {
    const callback = this.#pending;
    this.#pending = undefined;
    callback?.(error);
  }
}

function brokenPipe(): Error {
  return Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
}
