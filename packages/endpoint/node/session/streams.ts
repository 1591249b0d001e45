/* The calls of a session: packets of their streams in, packets of theirs out. SESSION.md, sections "Packet" and "Flow". */
import {
  decodeCredit,
  encodeCount,
  encodeCredit,
  encodeFrame,
  encodePacket,
  packetFlags,
  packetKinds,
  prefixBytes,
  ProtocolError,
  readPrefix,
  sessionLimits,
  splitOpen,
  SremoteError,
  type Failure,
  type Outcome,
  type Packet,
} from "@sremote/protocol";
import { describeRefusal } from "../run/failure.ts";
import { Call, Gate } from "./call.ts";
import { Pool } from "./pool.ts";
import type { PrivatePlace } from "./private-place.ts";
import { RouteReader } from "./route.ts";
import { SessionContext } from "./context.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface StreamsOptions {
  /** Calls that run at once. */
  workers: number;
  place: PrivatePlace;
  base: string;
  /** The program, for workers. */
  source: string;
  /** For workers. */
  umask: number;
  /** Takes a counted packet for the client. */
  send: (chunks: readonly Uint8Array[]) => void;
  /** Whether the client takes more: otherwise workers are not read. */
  mayRead: () => boolean;
}

export class Streams {
  readonly #send: StreamsOptions["send"];
  readonly #mayRead: StreamsOptions["mayRead"];
  readonly #calls: Map<number, Call> = new Map();
  readonly #routes: RouteReader = new RouteReader();
  readonly #context: SessionContext;
  readonly #pool: Pool;

  constructor(options: StreamsOptions) {
    this.#send = options.send;
    this.#mayRead = options.mayRead;
    this.#context = new SessionContext(options, {
      relay: (packet, call) => this.#relay(packet, call),
      sendTotals: (call) => this.#sendTotals(call),
      sendResult: (call, frame) => this.#sendResult(call, frame),
      onTaken: (call) => this.#grant(call),
      onHanded: (call, bytes) => this.#onHanded(call, bytes),
    });
    this.#pool = new Pool(options.workers, this.#context, {
      onRefused: (call, outcome, error) => this.#refuse(call, outcome, error),
      onOver: (call) => this.#calls.delete(call.stream),
    });
  }

  /** Starts a worker for calls without a route before there is one. */
  prestart(): void {
    this.#pool.prestart(this.#routes.read(new Uint8Array(0)));
  }

  /** The client takes more, or does not. */
  pauseOrGoOn(): void {
    const mayRead = this.#mayRead();
    for (const worker of this.#pool.workers) {
      worker.pauseReading(!mayRead);
      if (mayRead !== this.#mayRead()) return; // Who went on filled the room again.
    }
  }

  /** Sends a signal to all workers and what they started; from now on none is started. @returns whether there were any */
  signal(name: NodeJS.Signals): boolean {
    this.#pool.close();
    const workers: WorkerProcess[] = [...this.#pool.workers];
    for (const worker of workers) worker.signal(name);
    if (name === "SIGKILL" && workers.length > 0) this.#context.endStrays();
    return workers.length > 0;
  }

  /** After the last signal: no process needs watching. */
  close(): void {
    this.#context.watcher.close();
  }

  /** Resolves when every process that was started has ended: no other process might reap them, and they would stay in the host's list. */
  async ended(): Promise<void> {
    await Promise.all([this.#context.watcher.ended(), ...Array.from(this.#pool.workers, ({ ended }) => ended)]);
  }

  /** A counted packet of the client's. @throws ProtocolError when it makes no sense: the link is of no use */
  take(packet: Packet): void {
    if (packet.kind === packetKinds.open) return this.#openStream(packet);
    if (!fromClients.has(packet.kind) || (packet.kind === packetKinds.credit && packet.payload.length !== 8))
      throw new ProtocolError("protocol-error", `a client sends no packet of the kind ${packet.kind} and ${packet.payload.length} bytes`);
    const call = this.#calls.get(packet.stream);
    if (call === undefined) return;
    switch (packet.kind) {
      case packetKinds.data:
        this.#pass(call, packet);
        break;
      case packetKinds.credit:
        call.stdout.addCredit(decodeCredit(packet.payload, 0));
        call.stderr.addCredit(decodeCredit(packet.payload, 1));
        call.worker?.resume();
        break;
      case packetKinds.mute:
        if ((packet.flags & packetFlags.muteStdout) !== 0) call.stdout.isMuted = true;
        if ((packet.flags & packetFlags.muteStderr) !== 0) call.stderr.isMuted = true;
        call.wantsTotals = true;
        call.worker?.resume();
        break;
      case packetKinds.cancel:
        if (!this.#pool.cancel(call))
          call.worker?.stop(call, { outcome: "cancelled", message: "the call was cancelled and its process ended" });
        break;
      default:
    }
  }

  #openStream(packet: Packet): void {
    const parts = splitOpen(packet.payload);
    if (parts === undefined || this.#calls.has(packet.stream)) {
      throw new ProtocolError("protocol-error", "open: too short, or of a stream that is open");
    }
    const makeGate = (call: Call, index: 0 | 1): Gate => new Gate(this.#mayRead, (chunk) => this.#sendOutput(call, index, chunk));
    let call: Call;
    try {
      call = new Call(packet.stream, this.#routes.read(parts.route), makeGate);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      call = new Call(packet.stream, this.#routes.read(new Uint8Array(0)), makeGate);
      this.#calls.set(packet.stream, call);
      return this.#refuse(call, "not-run", describeRefusal(error, "protocol-error", "request"));
    }
    this.#calls.set(packet.stream, call);
    call.request.push(packet.bytes);
    // With a deadline until a worker takes it, the client wants to know when that is.
    call.needsCredit = !isWhole(parts.frame) || call.route.queueMs !== undefined;
    this.#pool.submit(call);
  }

  #pass(call: Call, packet: Packet): void {
    if (call.worker === undefined) call.request.push(packet.bytes);
    else if (call.worker.call === call) call.worker.write(call, packet.bytes);
  }

  #onHanded(call: Call, bytes: number): void {
    if (call.isOver || !call.hasCredit) return;
    call.handed += bytes;
    if (call.handed < creditStep) return;
    this.#send(encodePacket(packetKinds.credit, call.stream, [encodeCredit(call.handed)]));
    call.handed = 0;
  }

  /** Lets the client send more of a request than it may at once. */
  #grant(call: Call): void {
    if (call.hasCredit || !call.needsCredit || call.worker === undefined) return;
    call.hasCredit = true;
    this.#send(encodePacket(packetKinds.credit, call.stream, [encodeCredit(sessionLimits.runningCredit)]));
  }

  #sendOutput(call: Call, index: 0 | 1, chunk: Uint8Array): void {
    call.noteActivity();
    const kind = index === 0 ? packetKinds.stdout : packetKinds.stderr;
    this.#send(encodePacket(kind, call.stream, [chunk], { worker: call.worker?.kind.number }));
  }

  #relay(packet: Packet, call: Call): void {
    this.#send([packet.bytes]);
    // What comes before the result is a question, and the answer may be large.
    if (!call.hasCredit && (packet.flags & packetFlags.last) === 0) {
      call.needsCredit = true;
      this.#grant(call);
    }
  }

  #sendTotals(call: Call): void {
    if (!call.wantsTotals) return;
    const totals = [encodeCount(call.stdout.total), encodeCount(call.stderr.total)];
    this.#send(encodePacket(packetKinds.totals, call.stream, totals, { worker: call.worker?.kind.number }));
  }

  #sendResult(call: Call, frame: readonly Uint8Array[]): void {
    const flags = packetFlags.last | packetFlags.fresh;
    this.#send(encodePacket(packetKinds.data, call.stream, frame, { worker: call.worker?.kind.number, flags }));
  }

  /** A call that got no worker. */
  #refuse(call: Call, outcome: Outcome, error: Failure): void {
    call.end();
    this.#calls.delete(call.stream);
    this.#sendTotals(call);
    this.#sendResult(call, encodeFrame(JSON.stringify({ type: "result", outcome, error })));
  }
}

/** Kinds of counted packets that a client sends, beside `open`. */
const fromClients: ReadonlySet<number> = new Set([packetKinds.data, packetKinds.credit, packetKinds.cancel, packetKinds.mute]);

/** Credit is given again when so many bytes were handed on. */
const creditStep = 1_048_576;

/** Whether the first bytes of a request are all of its first frame. */
function isWhole(frame: Uint8Array): boolean {
  if (frame.length < prefixBytes) return false;
  try {
    return frame.length >= prefixBytes + readPrefix(frame.subarray(0, prefixBytes)).body + 4;
  } catch (error) {
    if (error instanceof SremoteError) return false; // The worker will say what is wrong with it.
    throw error;
  }
}
