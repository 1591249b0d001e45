/* The process that runs functions, one call after the other. It speaks with its supervisor in packets over descriptor 3. */
import type { Socket } from "node:net";
import {
  Attachments,
  checkSessionMessage,
  encodeFrame,
  encodePacket,
  FrameDecoder,
  packetFlags,
  packetKinds,
  PacketReader,
  ProtocolError,
  sessionLimits,
  splitOpen,
  type DecodedFrame,
  type InvokeMessage,
  type Packet,
  type ResultMessage,
} from "@sremote/protocol";
import { loadNet } from "../host/lazy.ts";
import { describeRefusal, describeThrown } from "../run/failure.ts";
import { asOurs, pin } from "../host/standard.ts";
import { stackDepth, NeverSettled } from "../run/never-settled.ts";
import { onProgram } from "../run/extension.ts";
import { Asks } from "./callbacks.ts";
import { isLate } from "./call-owner.ts";
import { decodeControl, encodeControl, type Control } from "./control.ts";
import { speedUpChecksums } from "./checksum.ts";
import { conclude, execute, prepare, type Ran, type Surroundings } from "./invoke.ts";
import { Objects, Results } from "./objects.ts";
import { WorkerState } from "./worker-state.ts";
import { WorkerStreams } from "./worker-streams.ts";

/** Descriptor of the channel to the supervisor. */
export const channel = 3;

/** The call that runs, or whose request is on its way. */
interface Current {
  stream: number;
  decoder: FrameDecoder;
  /** Made for the first question. */
  asks: Asks | undefined;
  isRunning: boolean;
  startedAt: number;
}

/** @param number the worker's own @param base directory of sremote on the host */
export function workSession(number: number, base: string): void {
  Error.stackTraceLimit = stackDepth;
  new SessionWorker(number, base).listen();
}

class SessionWorker {
  readonly #number: number;
  readonly #around: Surroundings;
  readonly #channel: Socket = new (loadNet().Socket)({ fd: channel, readable: true, writable: true });
  readonly #state: WorkerState = new WorkerState();
  readonly #streams: WorkerStreams = new WorkerStreams((name) => this.#state.watch(name));
  readonly #reader: PacketReader = new PacketReader({ pieces: true });
  readonly #usage: Usage = new Usage();
  #current: Current | undefined;
  #isEnding = false;

  constructor(number: number, base: string) {
    this.#number = number;
    this.#around = {
      base,
      objects: new Objects(() => this.#tellHolding()),
      results: new Results(),
      onLoaded: () => this.#state.accept(),
      callback:
        (id) =>
        (...args) =>
          this.#ask(id, args),
      sendPart: (part, attachments) => this.#sendPart(part, attachments),
    };
  }

  listen(): void {
    const take = (chunk: Buffer): void => {
      this.#reader.push(chunk);
      for (let packet = this.#reader.next(); packet !== undefined; packet = this.#reader.next()) this.#take(packet);
    };
    this.#channel.on("data", (chunk: Buffer) => asOurs(() => take(chunk)));
    // The supervisor is gone: what runs here has no use.
    this.#channel.on("error", () => process.kill(-process.pid, "SIGKILL"));
    this.#channel.on("end", () => process.kill(-process.pid, "SIGKILL"));
    const watch = (thrown: unknown, event: "uncaughtException" | "unhandledRejection"): void => {
      // With a listener of the user's own Node would go on; so does the worker.
      if (process.listenerCount(event) === 1) this.#fail(thrown);
    };
    process.on("uncaughtException", (error) => asOurs(() => watch(error, "uncaughtException")));
    process.on("unhandledRejection", (reason) => asOurs(() => watch(reason, "unhandledRejection")));
    onProgram(() => this.#state.accept());
    process.on("beforeExit", () => asOurs(() => this.#fail(new NeverSettled())));
    // Node calls its methods when the user's code has changed them, too.
    pin(this.#channel);
    this.#state.accept();
    this.#tell({ ready: true });
  }

  #take(packet: Packet): void {
    switch (packet.kind) {
      case packetKinds.open:
        this.#current = this.#begin(packet.stream);
        this.#read(this.#current, splitOpen(packet.payload)!.frame);
        break;
      case packetKinds.data:
        if (this.#current?.stream === packet.stream) this.#read(this.#current, packet.payload);
        break;
      case packetKinds.hello:
        this.#obey(decodeControl(packet.payload));
        break;
      case packetKinds.bye:
        process.exit(0);
        break;
      default:
    }
  }

  #begin(stream: number): Current {
    return { stream, decoder: new FrameDecoder(), asks: undefined, isRunning: false, startedAt: 0 };
  }

  /** The next bytes of the call's frames: the `invoke`, then answers. */
  #read(current: Current, bytes: Uint8Array): void {
    if (bytes.length > largeBytes) speedUpChecksums();
    try {
      current.decoder.push(bytes);
      for (let frame = current.decoder.next(); frame !== undefined; frame = current.decoder.next()) {
        if (current.isRunning) this.#answer(current, frame);
        else this.#run(current, checkSessionMessage(frame.header, "invoke"), frame).catch((error) => this.#fail(error));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // What a function waits for fails, and it may go on; it could no longer be said that it did not run.
      if (current.isRunning) current.asks?.fail(error);
      else this.#finish(current, { outcome: "not-run", error: describeRefusal(error, "protocol-error", "request"), attachments: [] });
    }
  }

  /** Rejects only by a mistake of ours: whatever else goes wrong is the call's result. */
  async #run(current: Current, message: InvokeMessage, frame: DecodedFrame): Promise<void> {
    current.startedAt = performance.now();
    current.isRunning = true;
    // From here on only the function's own doings keep the process: when there are none left, its promise never settles.
    this.#channel.unref();
    const prepared = prepare(message, new Attachments(frame.attachments), frame.depth, this.#around);
    // No code of the user's while what came is read.
    await nextTurn;
    const performed = await execute(prepared, this.#around);
    const { ran, flushed } = asOurs(() => {
      const concluded = conclude(current.stream, prepared, performed, this.#around);
      const waiting = this.#streams.flush();
      if (waiting === undefined) this.#send(current, concluded);
      return { ran: concluded, flushed: waiting };
    });
    if (flushed === undefined) return;
    await flushed;
    this.#finish(current, ran);
  }

  #answer(current: Current, frame: DecodedFrame): void {
    const asks = this.#asksOf(current);
    asks.answer(frame.header, new Attachments(frame.attachments));
    if (!asks.isWaiting) this.#channel.unref();
  }

  #ask(callback: number, args: unknown[]): Promise<unknown> {
    if (this.#current === undefined) throw new Error("a callback can only be called while a call runs");
    const current = this.#current;
    return asOurs(() => this.#asksOf(current).ask(callback, args));
  }

  #asksOf(current: Current): Asks {
    current.asks ??= new Asks((message, attachments) => this.#sendAsk(current.stream, message, attachments));
    return current.asks;
  }

  /** Functions that wait for nothing let nothing be sent in between: what a host slower than they takes later is waited for. */
  #sendPart(part: object, attachments: Uint8Array[]): Promise<void> | undefined {
    if (this.#current === undefined) return undefined;
    this.#sendFrame(this.#current.stream, JSON.stringify({ type: "part", ...part }), attachments, 0);
    if (this.#channel.writableLength < largeBytes) return undefined;
    this.#channel.ref();
    return new Promise((resolve) => {
      this.#channel.once("drain", () => {
        this.#channel.unref();
        resolve();
      });
    });
  }

  #sendAsk(stream: number, message: string, attachments: Uint8Array[]): void {
    this.#channel.ref();
    this.#sendFrame(stream, message, attachments, 0);
  }

  /** Something was thrown and not caught. */
  #fail(thrown: unknown): void {
    // The state of its process is unknown now. Between calls too: the next one must not find what this one left.
    if (!this.#isEnding) this.#tell({ ending: true });
    this.#isEnding = true;
    const current = this.#current;
    // What an earlier call left behind failed: that is no failure of this one.
    if (current?.isRunning !== true || isLate()) return;
    const result = { outcome: "raised" as const, error: describeThrown(thrown, "raised", "call"), attachments: [] };
    const finish = (): void => this.#finish(current, result);
    const flushed = this.#streams.flush();
    if (flushed === undefined) finish();
    else flushed.then(finish, finish);
  }

  #finish(current: Current, ran: Ran): void {
    asOurs(() => this.#send(current, ran));
  }

  #send(current: Current, ran: Ran): void {
    if (this.#current !== current) return; // It failed in between.
    this.#current = undefined;
    current.asks?.end();
    this.#channel.ref();
    if (this.#streams.takeStarted()) this.#tell({ processes: true });
    const { attachments, end, outcome, value, error: failure, modules, failures } = ran;
    const usage = this.#usage.of(current.startedAt);
    // Member by member: objects that are made of the rest of others are slow to write as JSON.
    const result: ResultMessage = { type: "result", outcome, usage };
    if (value !== undefined) result.value = value;
    if (failure !== undefined) result.error = failure;
    if (modules !== undefined) result.modules = modules;
    if (failures !== undefined && failures.length > 0) result.failures = failures;
    const flags = packetFlags.last | (this.#holds() ? packetFlags.holds : 0);
    try {
      this.#sendFrame(current.stream, JSON.stringify(result), attachments, flags);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const message = `the function ran, but its result cannot be sent: ${error.message}`;
      const failed: ResultMessage = {
        type: "result",
        outcome: "raised",
        error: { code: "limit-exceeded", stage: "result", message, path: "return" },
        usage,
      };
      this.#sendFrame(current.stream, JSON.stringify(failed), [], flags);
    }
    // While the result is on its way.
    const changes = this.#state.restore();
    end?.(changes);
  }

  #holds(): boolean {
    return this.#around.objects.size + this.#around.results.size > 0;
  }

  /** A lease ended. While a call runs its last packet will say so. */
  #tellHolding(): void {
    if (this.#current === undefined) this.#tell({ holds: this.#holds() });
  }

  #obey(control: Control): void {
    if (!Array.isArray(control.pipes)) return;
    const [stdout, stderr]: unknown[] = control.pipes;
    this.#streams.replace([String(stdout), String(stderr)]);
    this.#tell({ pipes: true });
  }

  #tell(control: Control): void {
    for (const chunk of encodeControl(control)) this.#channel.write(chunk);
  }

  /** @throws ProtocolError when it is too large */
  #sendFrame(stream: number, header: string, attachments: readonly Uint8Array[], flags: number): void {
    if (attachments.some(({ length }) => length > largeBytes)) speedUpChecksums();
    const chunks = encodeFrame(header, attachments);
    const packet = (part: Uint8Array, partFlags: number): void => {
      const options = { flags: partFlags, worker: this.#number };
      for (const piece of encodePacket(packetKinds.data, stream, [part], options)) this.#channel.write(piece);
    };
    const { dataPayload } = sessionLimits;
    if (chunks.length === 1 && chunks[0]!.length <= dataPayload) return packet(chunks[0]!, flags);
    this.#channel.cork();
    for (const [index, chunk] of chunks.entries()) {
      for (let at = 0; at < chunk.length; at += dataPayload) {
        const isLast = index === chunks.length - 1 && at + dataPayload >= chunk.length;
        packet(chunk.subarray(at, at + dataPayload), isLast ? flags : flags & ~packetFlags.last);
      }
    }
    this.#channel.uncork();
  }
}

const nextTurn = Promise.resolve();

/** From here on the checksum of Node's own engine is worth its loading; in bytes. */
const largeBytes = 16_384;

/** Times of calls and the memory of this process. Between calls nothing runs, so that one look at the end of each is enough, as in Python's workers. */
class Usage {
  /** Processor time up to the end of the last call, in microseconds. */
  #before: number;

  constructor() {
    const { user, system } = process.cpuUsage();
    this.#before = user + system;
  }

  /** @param startedAt when the call began, by `performance.now()`; 0 where it never did */
  of(startedAt: number): NonNullable<ResultMessage["usage"]> {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const cpu = userCPUTime + systemCPUTime - this.#before;
    this.#before += cpu;
    return {
      // To the microsecond: all digits of a binary fraction take longer to write than the rest.
      wallMs: startedAt === 0 ? 0 : Math.round((performance.now() - startedAt) * 1000) / 1000,
      cpuMs: startedAt === 0 ? 0 : cpu / 1000,
      maxRssBytes: maxRSS * 1024,
    };
  }
}
