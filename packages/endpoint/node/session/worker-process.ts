/* A worker as its supervisor sees it: a process in a group of its own, a channel, two pipes, and the call that it runs. */
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import {
  encodePacket,
  encodeFrame,
  packetFlags,
  packetKinds,
  PacketReader,
  ProtocolError,
  sessionLimits,
  type Failure,
  type Packet,
  type ResultMessage,
} from "@sremote/protocol";
import { crash } from "../crash.ts";
import { begunPaths, takeBegun } from "../run/begun.ts";
import { describeDeath } from "../run/ending.ts";
import { describeRefusal } from "../run/failure.ts";
import { Escalation, groupEnds, signalGroup, startFailed } from "../run/process-control.ts";
import { endStrays } from "../run/strays.ts";
import { drain, signalGrace, startPatience } from "../wire/limits.ts";
import type { Call, CallWorker, Stop } from "./call.ts";
import { decodeControl, encodeControl, type Control } from "./control.ts";
import { OutputRelay, outputsEnd } from "./output-relay.ts";
import type { WorkerContext } from "./worker-context.ts";
import { removePipes, type NamedPipes } from "./worker-pipes.ts";
import { startWorkerProcess, type WorkerKind } from "./worker-start.ts";

/** What a worker tells the pool. */
export interface WorkerEvents {
  /** It waits for a call. */
  onFree(worker: WorkerProcess): void;
  /** Whether it still holds something has changed. */
  onHolding(worker: WorkerProcess): void;
  /** Its process is gone, or never was. */
  onGone(worker: WorkerProcess): void;
  /** A call got its last packet. @param failure why there is no value, where the supervisor knows */
  onOver(call: Call, failure: Failure | undefined): void;
}

export class WorkerProcess implements CallWorker {
  readonly kind: WorkerKind;
  /** Calls that only this worker may run. */
  readonly queue: Call[] = [];
  /** It keeps objects or results. */
  holds = false;
  call: Call | undefined;
  /** It takes no more calls. */
  isEnding = false;
  /** Resolves when its process has ended, or never will begin. */
  readonly ended: Promise<void>;
  readonly #context: WorkerContext;
  readonly #events: WorkerEvents;
  readonly #reader: PacketReader = new PacketReader();
  #child: ChildProcess | undefined;
  #channel: Socket | undefined;
  #outputs: [OutputRelay, OutputRelay] | undefined;
  #isReady = false;
  #hasStartedProcesses = false;
  #hadProcesses = false;
  #isSwapping = false;
  #isGone = false;
  #onEnded!: () => void;
  readonly #escalation = new Escalation((name) => this.#signalGroup(name));
  #startTimer: NodeJS.Timeout | undefined;
  #isLate = false;

  /** Begins to start the process. */
  constructor(kind: WorkerKind, context: WorkerContext, events: WorkerEvents) {
    this.kind = kind;
    this.#context = context;
    this.#events = events;
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
    this.#start().catch((error: unknown) => this.#failToStart(error));
  }

  /** Whether it could begin a call now. */
  get isFree(): boolean {
    return this.call === undefined && !this.isEnding && !this.#isSwapping && !this.#isGone;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Gives it a call. */
  assign(call: Call): void {
    this.call = call;
    call.worker = this;
    const stop = (limit: "timeoutMs" | "idleMs"): void => this.stop(call, lateness(limit, call));
    call.startRunning(stop);
    this.#context.onTaken(call);
    if (this.#outputs === undefined) return; // It is being started, and will find its call.
    this.#hand(call);
  }

  #hand(call: Call): void {
    this.#outputs?.[0].begin(call.stdout, !this.#isReady);
    this.#outputs?.[1].begin(call.stderr, !this.#isReady);
    for (const packet of call.request.splice(0)) this.write(call, packet);
  }

  /** Hands a packet of the call's request on. */
  write(call: Call, packet: Uint8Array): void {
    if (this.#channel === undefined) call.request.push(packet);
    else this.#channel.write(packet, () => this.#context.onHanded(call, packet.length - sessionLimits.packetHead));
  }

  /** Room for output was made, or is no longer needed. */
  resume(): void {
    for (const output of this.#outputs ?? []) output.resume();
    this.#finishIfDrained();
  }

  /** Stops reading, or goes on: the client has not taken what was sent. */
  pauseReading(isPaused: boolean): void {
    if (isPaused) this.#channel?.pause();
    else {
      this.#channel?.resume();
      this.resume();
    }
  }

  /** Ends the call that it runs, by ending its process. */
  stop(call: Call, why: Stop): void {
    if (call !== this.call || call.stopped !== undefined) return;
    call.stopped = why;
    if (call.last !== undefined || this.#child?.pid === undefined) {
      // It returned already and only its output waits, or it has not begun.
      const hadReturned = call.last !== undefined;
      call.stdout.isMuted = true;
      call.stderr.isMuted = true;
      this.#giveResult(call, { type: "result", outcome: why.outcome, error: stopFailure(why) });
      if (!hadReturned) return;
    } else {
      this.isEnding = true;
      this.#escalation.begin(signalGrace);
    }
  }

  /** Ends a worker that runs no call. */
  end(): void {
    if (this.isEnding && this.#escalation.hasBegun) return;
    this.isEnding = true;
    if (this.#channel !== undefined) for (const chunk of encodePacket(packetKinds.bye, 0, [])) this.#write(chunk);
    this.#escalation.killLater();
  }

  /** Sends a signal to the process and all that it started. @returns whether there is still one of them */
  signal(name: NodeJS.Signals): boolean {
    this.isEnding = true;
    return this.#signalGroup(name);
  }

  async #start(): Promise<void> {
    const { child, channel, outputs } = await startWorkerProcess(this.kind, this.#context, () => !this.isEnding);
    this.#child = child;
    this.#channel = channel;
    this.#outputs = outputs;
    if (child.pid !== undefined) this.#context.watcher.add(child.pid);
    this.#startTimer = setTimeout(() => {
      this.#isLate = true;
      this.signal("SIGKILL");
    }, startPatience);
    this.#watch(child, channel);
    channel.write(this.#context.program);
    if (this.call !== undefined) this.#hand(this.call);
  }

  #watch(child: ChildProcess, channel: Socket): void {
    let failure: unknown;
    child.once("exit", () => this.#onEnded());
    child.once("error", (error) => {
      failure = error;
      this.#onEnded();
    });
    channel.on("data", (chunk: Buffer) => this.#read(chunk));
    channel.on("error", () => channel.destroy());
    const closed = new Promise<void>((resolve) => {
      channel.once("close", resolve);
    });
    Promise.all([this.ended, closed])
      .then(() => (failure === undefined ? this.#onExit(child) : this.#failToStart(startFailed(failure))))
      .catch(crash);
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
      for (let packet = this.#reader.next(); packet !== undefined; packet = this.#reader.next()) this.#take(packet);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // User code wrote on the private descriptor: nothing that this process says can be trusted.
      this.signal("SIGKILL");
      this.#channel?.destroy();
    }
  }

  #take(packet: Packet): void {
    const { call } = this;
    if (packet.kind === packetKinds.hello) return this.#hear(decodeControl(packet.payload));
    if (packet.kind !== packetKinds.data || call === undefined || call.stream !== packet.stream || call.last !== undefined) return;
    const isLast = (packet.flags & packetFlags.last) !== 0;
    if (isLast) this.holds = (packet.flags & packetFlags.holds) !== 0;
    if (call.stopped !== undefined) {
      // It is too late for a value. Its process would end by itself in a while.
      if (isLast) this.#signalGroup("SIGKILL");
      return;
    }
    call.noteActivity();
    if (!isLast) return this.#context.relay(packet, call);
    call.stopTimers();
    call.last = () => this.#context.relay(packet, call);
    this.#finishIfDrained();
  }

  #hear(control: Control): void {
    if (control.ready) {
      this.#isReady = true;
      clearTimeout(this.#startTimer);
    }
    if (control.processes) this.#hasStartedProcesses = this.#hadProcesses = true;
    if (control.holds !== undefined) {
      this.holds = control.holds;
      this.#events.onHolding(this);
    }
    if (control.ending) {
      this.isEnding = true;
      if (this.call === undefined) this.end();
    }
    if (control.pipes) this.#onSwapped();
  }

  /** Sends the last packet of the call when all that was printed before it is sent. */
  #finishIfDrained(): void {
    const { call } = this;
    if (call?.last === undefined) return;
    const [stdout, stderr] = this.#outputs ?? [];
    const isDrained = [stdout?.drain() ?? true, stderr?.drain() ?? true];
    if (!isDrained.every(Boolean)) return;
    stdout?.end();
    stderr?.end();
    this.call = undefined;
    const { last } = call;
    this.#context.sendTotals(call);
    last();
    call.end();
    this.#events.onOver(call, call.failure);
    this.#onFinished();
  }

  #onFinished(): void {
    if (this.#isGone) {
      for (const output of this.#outputs ?? []) output.destroy();
      return;
    }
    if (this.isEnding || this.kind.isIsolated) return this.end();
    if (this.#hasStartedProcesses) {
      this.#hasStartedProcesses = false;
      this.#isSwapping = true;
      this.#swapPipes().catch(crash);
      return;
    }
    this.#events.onFree(this);
  }

  /** Other pipes, so that what the started processes still write is not taken for output of the next call. */
  async #swapPipes(): Promise<void> {
    const pipes = await this.#context.pipes.take();
    if (pipes === undefined) {
      // There are no others: another worker then, if this one has nothing that would be lost.
      this.#isSwapping = false;
      if (!this.holds && this.kind.name === undefined && this.queue.length === 0) this.end();
      else this.#events.onFree(this);
      return;
    }
    this.#nextPipes = pipes;
    for (const chunk of encodeControl({ pipes: pipes.paths })) this.#write(chunk);
  }

  #nextPipes: NamedPipes | undefined;

  #onSwapped(): void {
    const pipes = this.#nextPipes;
    if (pipes === undefined) return;
    this.#nextPipes = undefined;
    removePipes(pipes.paths);
    this.#context.pipes.prepare(); // Who starts processes once does it again.
    // The old ones are read on, into nothing, as long as they are written to.
    this.#outputs = [new OutputRelay(pipes.readers[0]), new OutputRelay(pipes.readers[1])];
    this.#isSwapping = false;
    if (this.isEnding) this.end();
    else this.#events.onFree(this);
  }

  /** Waits about a second for the rest of the group and for holders of the pipes, then tells what the call came to. */
  async #onExit(child: ChildProcess): Promise<void> {
    this.isEnding = true;
    clearTimeout(this.#startTimer);
    this.#escalation.stop();
    const { call } = this;
    const outputs = this.#outputs ?? [];
    if (call !== undefined) await outputsEnd(outputs, drain);
    // What was killed counts against the user's limit of processes until it is gone, and the next worker needs threads.
    if (this.#signalGroup("SIGKILL")) await groupEnds(child.pid!, drain);
    // One that ended by itself, and never started any, has none.
    if (this.#hadProcesses || child.exitCode === null) endStrays(`${this.#context.workerMark(this.kind.number)}\0`);
    if (call !== undefined) await outputsEnd(outputs, signalGrace);
    if (child.pid !== undefined) this.#context.watcher.remove(child.pid);
    if (call !== undefined && call === this.call && call.last === undefined) this.#giveResult(call, this.#describeEnd(child, call));
    this.#beGone();
  }

  #describeEnd(child: ChildProcess, call: Call): ResultMessage {
    const begun = child.pid === undefined ? undefined : takeBegun(begunPaths(this.#context.workerMark(this.kind.number), child.pid));
    if (call.stopped !== undefined) return { type: "result", outcome: call.stopped.outcome, error: stopFailure(call.stopped) };
    if (this.#isLate) {
      const message = `the function's process was not ready within ${startPatience} ms and was ended`;
      return { type: "result", outcome: "not-run", error: { code: "endpoint-broken", stage: "setup", message } };
    }
    const stderr = this.#outputs?.[1] ?? { tail: Buffer.alloc(0) };
    const ending = { begun: this.#isReady, exitCode: child.exitCode, signal: child.signalCode, stopped: undefined, stderr };
    const { outcome, error, exitCode, signal } = describeDeath(ending, this.#context.oomKills(), undefined);
    return {
      type: "result",
      outcome,
      error,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(signal === undefined ? {} : { signal }),
      ...(begun === undefined ? {} : { begun }),
    };
  }

  #failToStart(error: unknown): void {
    this.isEnding = true;
    this.#onEnded();
    const failure = describeRefusal(error, "endpoint-broken", "setup");
    if (this.call !== undefined) this.#giveResult(this.call, { type: "result", outcome: "not-run", error: failure });
    this.#beGone();
  }

  /** The result is the supervisor's. */
  #giveResult(call: Call, message: ResultMessage): void {
    call.stopTimers();
    call.failure = message.error;
    const frame = encodeFrame(JSON.stringify(message));
    call.last = () => this.#context.sendResult(call, frame);
    this.#finishIfDrained();
  }

  #beGone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#escalation.stop();
    for (const pipe of this.#nextPipes?.readers ?? []) pipe.destroy();
    if (this.#nextPipes !== undefined) removePipes(this.#nextPipes.paths);
    if (this.call === undefined) for (const output of this.#outputs ?? []) output.destroy();
    this.#events.onGone(this);
  }

  #write(bytes: Uint8Array): void {
    this.#channel?.write(bytes);
  }

  #signalGroup(name: NodeJS.Signals): boolean {
    const pid = this.#child?.pid;
    return pid !== undefined && !this.#isGone && signalGroup(pid, name);
  }
}

function lateness(limit: "timeoutMs" | "idleMs", { route }: Call): Stop {
  const within = `${route[limit]} ms`;
  const message =
    limit === "timeoutMs"
      ? `the function did not end within ${within} and was ended`
      : `the function gave no sign of life for ${within} and was ended`;
  return { outcome: "timeout", message };
}

function stopFailure({ outcome, message }: Stop): Failure {
  return { code: outcome, stage: "call", message };
}
