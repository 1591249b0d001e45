/* A command in a container as a SpawnedProcess, over the connection that its start was upgraded to. */
import type { Duplex, Readable } from "node:stream";
import { Writable } from "node:stream";
import { ConnectError, hostLimits } from "@sremote/protocol";
import type { SpawnedProcess } from "../../connector.ts";
import { settledWithin } from "../../deadline.ts";
import { brokenRule, type ExitStatus, type KillSignal, MarkerFilter, type UnreadStderr } from "../../process/index.ts";
import { keepOutput } from "./keep-output.ts";
import { OutputFrames, Output } from "./output.ts";

const stdoutBuffer = hostLimits.unreadStdout;
/** What the engine says in place of a command's output when it cannot start it. */
const longestComplaint = hostLimits.lastLines;

/** Milliseconds for which a process that was killed may take to be told as ended. */
const killGrace = 1000;

export const startHint = "the container must have /bin/sh, and the user and working directory that were asked for";

export interface ExecOptions {
  readonly socket: Duplex;
  readonly label: string;
  /** Of all processes of the connector. */
  readonly unreadStderr: UnreadStderr;
  /** The command's stderr begins with a line of this and its pid. */
  readonly marker: string;
  /** A shell reads away what the command leaves of its input. */
  readonly readsAllInput: boolean;
  /** The exit code, once the connection has ended. */
  readonly exitCode: () => Promise<number>;
  readonly signal: (pid: number | undefined, signal: KillSignal) => Promise<void>;
}

export class ExecProcess implements SpawnedProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ExitStatus>;
  readonly #options: ExecOptions;
  readonly #out = new Output(stdoutBuffer);
  readonly #err: MarkerFilter;
  readonly #writeError: () => Error | undefined;
  #pid: number | undefined;
  #started = Promise.withResolvers<void>();
  #ended = false;
  #lost = false;

  constructor(options: ExecOptions) {
    this.#options = options;
    const { socket, marker } = options;
    this.#err = options.unreadStderr.add(new MarkerFilter(Buffer.from(marker), hostLimits.unreadStderr));
    this.#err.once("marker", (rest: string) => {
      this.#pid = Number(rest);
      this.#started.resolve();
    });
    this.#writeError = keepOutput(socket);
    this.stdin = new Input(socket, this.#writeError);
    this.stdout = this.#out;
    this.stderr = this.#err;
    for (const stream of [this.stdin, this.stdout, this.stderr, socket]) stream.on("error", () => {});
    this.exit = this.#run();
    this.exit.catch(() => {});
  }

  /** Resolves when the command has begun, or what is to be read must be read for it to go on. */
  async started(): Promise<void> {
    await Promise.race([this.#started.promise, this.exit]);
  }

  /** Works without its connection, too: what was started through one that is lost goes on in the container. */
  async kill(signal: KillSignal = "SIGTERM"): Promise<void> {
    if (!this.#ended) await this.#options.signal(this.#pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      // What a lost connection leaves may be wanted still: a session is reached again.
      if (!this.#lost) {
        this.stdout.resume();
        this.stderr.resume();
        await this.kill("SIGKILL");
        // So that `exit` tells how it ended, which cannot be asked afterwards.
        await settledWithin(this.exit, killGrace);
      }
    } catch (error) {
      // Without an engine there is nothing to end it with.
      if (!(error instanceof ConnectError)) throw error;
    } finally {
      this.#options.socket.destroy();
      this.stdin.destroy();
      this.stdout.resume();
      this.stderr.resume();
    }
  }

  async #run(): Promise<ExitStatus> {
    const { label, exitCode } = this.#options;
    try {
      const complaint = await this.#read();
      const code = await exitCode();
      this.#ended = true;
      if (!this.#err.found) throw this.#notStarted(complaint);
      // Without an error of a write, the command had all of its input; 0 would say so.
      if (code === 0 && this.#options.readsAllInput && this.#writeError() !== undefined) throw this.#cut();
      return { exitCode: code, signal: null };
    } catch (error) {
      const lost =
        error instanceof ConnectError && (error.code === "channel-failed" || error.code === "connection-lost")
          ? error
          : (brokenRule(error, label) ??
            new ConnectError("connection-lost", "the engine ended the connection without an exit code", {
              stage: "exec",
              host: label,
              cause: error,
            }));
      this.#lost = true;
      for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy(lost);
      throw lost;
    } finally {
      this.stdin.destroy();
    }
  }

  /** Reads to the end; returns the beginning of what came before the command had begun. */
  async #read(): Promise<string> {
    const frames = new OutputFrames();
    let complaint = "";
    for await (const chunk of this.#options.socket as AsyncIterable<Buffer>) {
      for (const { stream, bytes } of frames.take(chunk)) {
        // Nothing of the command's own comes before its marker but what the two pipes may overtake each other by.
        if (!this.#err.found && complaint.length < longestComplaint) complaint += bytes.toString("utf8", 0, longestComplaint);
        if (stream === 1) this.#started.resolve();
        if (stream === 1) await this.#out.give(bytes);
        else if (stream === 2 && !this.#err.destroyed && !this.#err.write(bytes))
          await new Promise((resolve) => this.#err.once("drain", resolve).once("close", resolve));
        // The host goes on and on before its command begins.
        if (this.#err.errored !== null) throw this.#err.errored;
      }
    }
    if (!frames.atEnd)
      throw new ConnectError("connection-lost", "the engine's stream broke off", { stage: "exec", host: this.#options.label });
    this.#out.finish();
    this.#err.end();
    return complaint;
  }

  #cut(): ConnectError {
    return new ConnectError("connection-lost", "the engine took only a part of the command's input", {
      stage: "exec",
      host: this.#options.label,
      cause: this.#writeError(),
    });
  }

  #notStarted(complaint: string): ConnectError {
    const said = complaint.replaceAll(/\s+/g, " ").trim().slice(0, 300);
    return new ConnectError("channel-failed", `the command could not be started in the container: ${said}`, {
      stage: "exec",
      host: this.#options.label,
      hint: startHint,
    });
  }
}

/** The connection's other direction. Its end is the command's end of input; that the command is gone is a broken pipe, and no matter of its output. */
class Input extends Writable {
  readonly #socket: Duplex;
  readonly #failed: () => Error | undefined;

  constructor(socket: Duplex, failed: () => Error | undefined) {
    super({ highWaterMark: 256 * 1024 });
    this.#socket = socket;
    this.#failed = failed;
    socket.once("close", () => this.destroy());
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket.write(chunk, (error) => callback(error ?? this.#failed()));
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#socket.writableEnded) this.#socket.end();
    callback(error);
  }
}
