/* The function's process: started early, given the request over a private channel, watched until it and its process group are gone. */
import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import type { Socket } from "node:net";
import { DeadlineTimer, FrameDecoder } from "@sremote/protocol";
import { channel as channelDescriptor, readAnswer, type Answer } from "./answer.ts";
import { watchAudience } from "./audience.ts";
import { loadChildProcess, loadNet } from "../host/lazy.ts";
import type { ProcessEnding } from "../run/ending.ts";
import { Output } from "./output.ts";
import { closeWriteEnds, type OutputPipes } from "./output-pipes.ts";
import { program } from "../program.ts";
import { Escalation, signalGroup, startFailed } from "../run/process-control.ts";
import { endStrays } from "../run/strays.ts";
import { drain, haste, signalGrace } from "../wire/limits.ts";

export interface RunOptions {
  /** Directory of the call, for the files `stdout` and `stderr`. */
  directory: string;
  /** What strays of the process are known by. */
  mark: string;
  /** In milliseconds from the start of the process. */
  timeoutMs: number | undefined;
  outputLimit: number;
  /** Aborting ends the process group. */
  signal: AbortSignal;
}

export interface Ending extends ProcessEnding {
  answer: Answer | undefined;
  /** From the start of the process to its end. */
  wallMs: number;
  stdout: Output;
  stderr: Output;
}

export class FunctionProcess {
  readonly #child: ChildProcess;
  readonly #started: number = performance.now();
  readonly #exited: Promise<void>;
  readonly #outputs: readonly [Readable, Readable];
  #startFailure: Error | undefined;

  /**
   * Starts the process in its own process group. It does nothing before it is given a request.
   * @param argv the base directory, and the umask of the function
   * @param pipes for its output; taken over when it could be started @throws SremoteError when it could not
   */
  constructor(environment: NodeJS.ProcessEnv, cwd: string, argv: readonly string[], pipes: OutputPipes | undefined) {
    try {
      this.#child = loadChildProcess().spawn(process.execPath, [program, "worker", ...argv], {
        cwd,
        env: environment,
        detached: true,
        stdio: ["ignore", pipes?.[0].writeEnd ?? "pipe", pipes?.[1].writeEnd ?? "pipe", "pipe"],
      });
    } catch (error) {
      throw startFailed(error);
    }
    closeWriteEnds(pipes);
    this.#outputs = [pipes?.[0].stream ?? this.#child.stdout!, pipes?.[1].stream ?? this.#child.stderr!];
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", () => resolve());
      this.#child.once("error", (error) => {
        this.#startFailure = error;
        resolve();
      });
    });
  }

  /** Ends a process that was given no request. */
  async abandon(): Promise<void> {
    this.#signalGroup("SIGKILL");
    await this.#exited;
    for (const output of this.#outputs) output?.destroy();
  }

  /** Gives the process its request and waits until it is gone. @throws SremoteError when the process could not be started */
  async run(request: Uint8Array, options: RunOptions): Promise<Ending> {
    // No process, or no pipe for it: there may be no streams then, and why is told later.
    if (this.#child.pid === undefined) await this.#exited;
    if (this.#startFailure !== undefined) throw startFailed(this.#startFailure);
    const channel = this.#child.stdio[channelDescriptor];
    if (!(channel instanceof loadNet().Socket)) throw startFailed(new Error("it has no channel"));
    const stdout = new Output(this.#outputs[0], `${options.directory}/stdout`, options.outputLimit);
    const stderr = new Output(this.#outputs[1], `${options.directory}/stderr`, options.outputLimit);
    const ending: Ending = { answer: undefined, begun: false, exitCode: null, signal: null, stopped: undefined, wallMs: 0, stdout, stderr };

    const escalation = new Escalation((name) => this.#signalGroup(name));
    let deadline: DeadlineTimer | undefined;
    let told: number | undefined;
    let isGone = false;
    const stop = (why: "timeout" | "cancelled" | "left"): void => {
      if (why === "cancelled") told = performance.now();
      if (isGone) return;
      if (ending.answer === undefined && ending.stopped === undefined) {
        ending.stopped = why;
        escalation.begin(why === "cancelled" ? haste : signalGrace);
      } else if (why === "cancelled") escalation.strengthen(haste); // also where something else had begun it
    };
    // Handlers of the event "exit" may still run; what keeps the process after that has no say.
    const listen = listenForAnswer(channel, ending, () => escalation.killLater());
    channel.write(request);
    if (options.timeoutMs !== undefined) {
      const left = options.timeoutMs - (performance.now() - this.#started);
      deadline = new DeadlineTimer(Math.max(left, 0), () => stop("timeout"));
    }
    const cancel = (): void => stop("cancelled");
    options.signal.addEventListener("abort", cancel, { once: true });
    if (options.signal.aborted) cancel();
    const stopLooking = watchAudience(options.directory, () => stop("left"));

    await this.#exited;
    ending.wallMs = performance.now() - this.#started;
    // Before their output is waited for: they hold the pipes.
    if (ending.stopped !== undefined) endStrays(options.mark);
    await listen;
    isGone = true;
    escalation.stop();
    deadline?.stop();
    stopLooking();
    ending.exitCode = this.#child.exitCode;
    ending.signal = this.#child.signalCode;
    await this.#endRemains(stdout, stderr, () => (told === undefined ? Infinity : told + 2 * haste));
    options.signal.removeEventListener("abort", cancel);
    if (ending.stopped !== undefined) endStrays(options.mark);
    if (this.#startFailure !== undefined) throw startFailed(this.#startFailure);
    return ending;
  }

  /** Waits about a second for the rest of the group and for holders of the pipes, then kills the group and lets go of the pipes. */
  async #endRemains(stdout: Output, stderr: Output, latest: () => number): Promise<void> {
    const both = Promise.all([stdout.ended, stderr.ended]);
    const deadline = performance.now() + drain;
    while (performance.now() < Math.min(deadline, latest()) && !(stdout.isEnded && stderr.isEnded && !this.#groupIsThere())) {
      await (stdout.isEnded && stderr.isEnded ? sleep(20) : Promise.race([both, sleep(20)]));
    }
    this.#signalGroup("SIGKILL");
    // A process that left the group may hold the pipes still; what the killed ones wrote is read first.
    await Promise.race([both, sleep(signalGrace)]);
    stdout.stop();
    stderr.stop();
  }

  #groupIsThere(): boolean {
    return this.#signalGroup(0);
  }

  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    return this.#child.pid !== undefined && signalGroup(this.#child.pid, signal);
  }
}

/** Resolves when the process has closed its end. */
function listenForAnswer(channel: Socket, ending: Ending, onAnswer: () => void): Promise<void> {
  const decoder = new FrameDecoder();
  channel.on("data", (chunk: Buffer) => {
    if (ending.answer !== undefined || ending.stopped !== undefined) return;
    try {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
        if (frame.header["type"] === "begin") ending.begun = true;
        else {
          ending.answer = readAnswer(frame.header, frame.attachments);
          onAnswer();
          return;
        }
      }
    } catch {
      // User code wrote on the private descriptor. There will be no answer, and the end of the process says what to tell.
      channel.destroy();
    }
  });
  return new Promise((resolve) => {
    // EPIPE or ECONNRESET: the process ended without reading its request; its exit status says why.
    channel.on("error", () => channel.destroy());
    channel.on("close", () => resolve());
  });
}

function sleep(duration: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, duration);
  });
}
