/* A worker of the simulation: speaks with its supervisor as the real one does, and its functions count what they do in the ledger. */
import { crash } from "../../packages/endpoint/node/crash.ts";
import { EventEmitter } from "node:events";
import { type Duplex, Readable } from "node:stream";
import {
  Attachments,
  checkSessionMessage,
  encodeFrame,
  encodePacket,
  encodeValue,
  type Failure,
  FrameDecoder,
  type InvokeMessage,
  type Packet,
  packetFlags,
  packetKinds,
  PacketReader,
  ProtocolError,
  type ResultMessage,
  sessionLimits,
  splitOpen,
} from "@sremote/protocol";
import { Asks } from "../../packages/endpoint/node/session/callbacks.ts";
import { encodeControl } from "../../packages/endpoint/node/session/control.ts";
import { SessionValues } from "../../packages/endpoint/node/session/invoke.ts";
import { DependencyFailed, type Objects, Results } from "../../packages/endpoint/node/session/objects.ts";
import { functions } from "./functions.ts";
import type { Ledger } from "./ledger.ts";
import { duplexOf, Pipe, type Surroundings } from "./pipe.ts";
import { running, SimProcess } from "./virtual-clock.ts";

interface Current {
  stream: number;
  decoder: FrameDecoder;
  asks: Asks;
  isRunning: boolean;
}

export interface WorkerWorld extends Surroundings {
  readonly ledger: Ledger;
  note(text: string): void;
}

/** What the supervisor sees of the process. */
export class SimChild extends EventEmitter {
  readonly pid: number;
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;

  constructor(pid: number) {
    super();
    this.pid = pid;
  }
}

export class SimWorker {
  readonly supervisor: SimProcess;
  readonly process: SimProcess;
  readonly child: SimChild;
  /** The supervisor's ends. */
  readonly channel: Duplex;
  readonly outputs: readonly [Readable, Readable];
  readonly #world: WorkerWorld;
  readonly #number: number;
  readonly #channel: Duplex;
  readonly #reader = new PacketReader();
  readonly #results = new Results();
  /** Bytes of the program that have not come yet. */
  #program: number;
  #current: Current | undefined;
  /** Signals that do not end it. */
  readonly #ignored: readonly NodeJS.Signals[];

  /** @param program length of what comes before the first packet */
  constructor(world: WorkerWorld, supervisor: SimProcess, number: number, pid: number, program: number) {
    const { chance } = world;
    this.#world = world;
    this.#number = number;
    this.#program = program;
    this.supervisor = supervisor;
    this.process = new SimProcess(`worker ${pid}`);
    this.child = new SimChild(pid);
    this.#ignored = chance.pick<readonly NodeJS.Signals[]>([[], [], ["SIGINT"], ["SIGINT", "SIGTERM"]]);
    // A local pipe is fast.
    const delay = (): number => chance.between(0, 2);
    const [there, back] = [new Pipe(world, delay), new Pipe(world, delay)];
    this.channel = duplexOf(back, there, supervisor);
    this.outputs = [new Readable({ read: () => undefined }), new Readable({ read: () => undefined })];
    this.#channel = running.run(this.process, () => duplexOf(there, back, this.process));
    running.run(this.process, () => {
      this.#channel.on("data", (chunk: Buffer) => this.#read(chunk));
      // The supervisor is gone: what runs here has no use.
      this.#channel.on("end", () => this.die(null, "SIGKILL"));
      this.#channel.on("error", () => this.die(null, "SIGKILL"));
      this.#channel.pause();
      // An interpreter that starts reads nothing before it runs.
      setTimeout(
        () => {
          this.#channel.resume();
          this.#write(encodeControl({ ready: true }));
        },
        chance.between(5, chance.happens(0.1) ? 2000 : 100),
      );
    });
  }

  /** @returns false when there is no such process any more */
  signal(name: NodeJS.Signals | 0): boolean {
    if (this.process.isGone) return false;
    if (name === 0 || this.#ignored.includes(name)) return true;
    this.#world.clock.after(this.#world.chance.between(0, 20), this.process, () => this.die(null, name));
    return true;
  }

  /** The process ends: what it wrote before arrives, and nothing more. */
  die(exitCode: number | null, signal: NodeJS.Signals | null): void {
    if (this.process.isGone) return;
    this.#world.note(`${this.process.name} ends: ${exitCode ?? signal}`);
    this.#channel.destroy();
    this.#world.clock.forget(this.process);
    if (this.supervisor.isGone) return;
    running.run(this.supervisor, () => {
      this.child.exitCode = exitCode;
      this.child.signalCode = signal;
      for (const output of this.outputs) output.push(null);
      this.child.emit("exit", exitCode, signal);
    });
  }

  #read(chunk: Buffer): void {
    const skipped = Math.min(this.#program, chunk.length);
    this.#program -= skipped;
    this.#reader.push(chunk.subarray(skipped));
    for (let packet = this.#reader.next(); packet !== undefined; packet = this.#reader.next()) this.#take(packet);
  }

  #take(packet: Packet): void {
    if (packet.kind === packetKinds.bye) return this.die(0, null);
    if (packet.kind === packetKinds.open) {
      const { stream } = packet;
      const asks = new Asks((message, parts) => this.#frame(stream, message, parts, 0));
      this.#current = { stream, decoder: new FrameDecoder(), asks, isRunning: false };
      this.#bytes(this.#current, splitOpen(packet.payload)!.frame);
    } else if (packet.kind === packetKinds.data && packet.stream === this.#current?.stream) {
      this.#bytes(this.#current, packet.payload);
    }
  }

  #bytes(current: Current, bytes: Uint8Array): void {
    try {
      current.decoder.push(bytes);
      for (let frame = current.decoder.next(); frame !== undefined; frame = current.decoder.next()) {
        const attachments = new Attachments(frame.attachments);
        if (current.isRunning) current.asks.answer(frame.header, attachments);
        else this.#run(current, checkSessionMessage(frame.header, "invoke"), attachments, frame.depth).catch(crash);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (current.isRunning) current.asks.fail(error);
      else this.#finish(current, { outcome: "not-run", error: { code: error.code, stage: "request", message: error.message } });
    }
  }

  async #run(current: Current, message: InvokeMessage, attachments: Attachments, depth: number): Promise<void> {
    current.isRunning = true;
    let result: Pick<ResultMessage, "outcome" | "value" | "error">;
    let returned: unknown;
    const parts: Uint8Array[] = [];
    try {
      const args = this.#decode(current, message, attachments, depth);
      returned = await functions[message.function]!(args, {
        ledger: this.#world.ledger,
        process: this.process,
        exit: (status) => this.die(status, null),
        print: (text) => this.#print(text),
      });
      result = { outcome: "value", value: encodeValue(returned, "return", parts) };
    } catch (error) {
      result =
        error instanceof DependencyFailed
          ? { outcome: "not-run", error: { code: "dependency-failed", stage: "arguments", message: error.message, cause: error.failure } }
          : {
              outcome: "raised",
              error: { code: "raised", stage: "call", message: error instanceof Error ? error.message : String(error) },
            };
    }
    if (message.keep !== undefined) this.#results.keep(current.stream, message.keep, returned, result.error);
    this.#finish(current, result, parts);
  }

  #decode(current: Current, message: InvokeMessage, attachments: Attachments, depth: number): unknown[] {
    const values = new SessionValues({
      base: "/",
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no call of the simulation has an object of the host
      objects: undefined as unknown as Objects,
      results: this.#results,
      onLoaded: () => undefined,
      sendPart: () => undefined,
      callback:
        (id) =>
        (...args) =>
          current.asks.ask(id, args),
    });
    try {
      return values.decode(message.args, attachments, "args", depth) as unknown[];
    } finally {
      values.taken();
    }
  }

  #finish(current: Current, result: { outcome: ResultMessage["outcome"]; error?: Failure }, parts: Uint8Array[] = []): void {
    if (this.process.isGone || this.#current !== current) return;
    this.#current = undefined;
    current.asks.end();
    const flags = packetFlags.last | (this.#results.size > 0 ? packetFlags.holds : 0);
    this.#frame(current.stream, JSON.stringify({ type: "result", ...result }), parts, flags);
  }

  #print(text: string): void {
    // Into a pipe of the kernel, which has it at once.
    running.run(this.supervisor, () => this.outputs[0].push(Buffer.from(text)));
  }

  #frame(stream: number, header: string, attachments: readonly Uint8Array[], flags: number): void {
    const { dataPayload } = sessionLimits;
    const chunks = encodeFrame(header, attachments);
    for (const [index, chunk] of chunks.entries()) {
      for (let at = 0; at < chunk.length; at += dataPayload) {
        const isLast = index === chunks.length - 1 && at + dataPayload >= chunk.length;
        const part = chunk.subarray(at, at + dataPayload);
        const own = isLast ? flags : flags & ~packetFlags.last;
        this.#write(encodePacket(packetKinds.data, stream, [part], { flags: own, worker: this.#number }));
      }
    }
  }

  #write(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.#channel.write(chunk);
  }
}
