/* The supervisor of a session: one client, one link at a time, workers. SESSION.md is what it does. */
import { join } from "node:path";
import {
  decodeCount,
  decodeCredit,
  decodeRoute,
  decodeSessionMessage,
  encodeCount,
  encodeCredit,
  encodeFrame,
  encodePacket,
  encodeSessionMessage,
  isCounted,
  packetFlags,
  packetKinds,
  prefixBytes,
  ProtocolError,
  protocolVersion,
  readPrefix,
  Receipt,
  Replay,
  sessionLimits,
  splitOpen,
  SremoteError,
  type Failure,
  type HelloMessage,
  type HostFacts,
  type Outcome,
  type Packet,
  type ResumeMessage,
} from "@sremote/protocol";
import { describeRefusal } from "../failure.ts";
import { Call, Gate } from "./call.ts";
import { SessionHost } from "./session-host.ts";
import { Link } from "./link.ts";
import { Listener } from "./listener.ts";
import { longestTimer } from "./objects.ts";
import { Pool } from "./pool.ts";
import { makePrivatePlace, removePrivatePlace, type PrivatePlace } from "./private-place.ts";
import { RouteReader } from "./route-reader.ts";

/** How long workers may take to end after SIGTERM when the lease is over, in milliseconds. */
const leaseGrace = 1000;
/** How many intervals of the heartbeat may pass without a byte from the client. */
const silentIntervals = 4;

export interface SessionOptions {
  base: string;
  host: HostFacts;
  /** The program, for its workers. */
  source: string;
  /** The supervisor is done and its process may end. */
  onEnd: () => void;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #place: PrivatePlace;
  readonly #host: SessionHost;
  readonly #replay: Replay = new Replay();
  readonly #receipt: Receipt = new Receipt();
  readonly #calls: Map<number, Call> = new Map();
  readonly #routes: RouteReader = new RouteReader();
  #listener: Listener | undefined;
  #link: Link | undefined;
  #hello: HelloMessage | undefined;
  #pool: Pool | undefined;
  #lease: NodeJS.Timeout | undefined;
  #isPaused = false;
  #isEnding = false;
  #isLeaseOver = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#place = makePrivatePlace();
    this.#host = new SessionHost(this.#place, options, {
      relay: (packet, call) => this.#relay(packet, call),
      sendTotals: (call) => this.#sendTotals(call),
      sendResult: (call, frame) => this.#sendResult(call, frame),
      onTaken: (call) => this.#grant(call),
      onHanded: (call, bytes) => this.#onHanded(call, bytes),
    });
  }

  /** The first link, whose first packet is `hello`. */
  begin(link: (events: ConstructorParameters<typeof Link>[2]) => Link): void {
    this.#link = link({ onPacket: (packet, from) => this.#take(packet, from), onLost: (lost) => this.#onLost(lost) });
  }

  /** Ends workers and supervisor at once. For the end of the process too: nothing here waits. */
  kill(): void {
    this.#isEnding = true;
    clearTimeout(this.#lease);
    this.#pool?.close();
    for (const worker of this.#pool?.workers ?? []) worker.signal("SIGKILL");
    this.#listener?.close();
    this.#host.watcher.close();
    removePrivatePlace(this.#place);
  }

  #end(): void {
    if (this.#isEnding) return;
    this.kill();
    this.#link?.drop();
    this.#options.onEnd();
  }

  #take(packet: Packet, link: Link): void {
    if (link !== this.#link || this.#isEnding) return;
    if (isCounted(packet.kind)) {
      const isDue = this.#receipt.count(packet.payload.length);
      this.#takeCounted(packet);
      if (isDue) link.send(packetKinds.ack, encodeCount(this.#receipt.tell()));
      return;
    }
    switch (packet.kind) {
      case packetKinds.hello:
        this.#greet(packet, link);
        break;
      case packetKinds.ping:
        this.#acknowledge(packet, link);
        link.send(packetKinds.pong, encodeCount(this.#receipt.tell()));
        break;
      case packetKinds.ack:
        this.#acknowledge(packet, link);
        break;
      case packetKinds.bye:
        this.#end();
        break;
      default:
    }
  }

  #greet(packet: Packet, link: Link): void {
    try {
      if (this.#hello !== undefined) throw new ProtocolError("protocol-error", "hello: only the first packet is one");
      const hello = decodeSessionMessage(packet.payload, "hello");
      if (hello.workers < 1 || hello.workers > sessionLimits.workers) {
        throw new ProtocolError("protocol-error", `hello.workers: expected 1 to ${sessionLimits.workers}`);
      }
      this.#open(hello, link);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuseClient(describeRefusal(error, "protocol-error", "request"), link);
    }
  }

  #open(hello: HelloMessage, link: Link): void {
    this.#hello = hello;
    const address = join(this.#place.directory, "s");
    this.#listener = new Listener(address, {
      onPacket: (packet, from) => this.#take(packet, from),
      onLost: (lost) => this.#onLost(lost),
      onResume: (from, message) => this.#resume(from, message),
    });
    this.#pool = new Pool(hello.workers, this.#host, {
      onRefused: (call, outcome, error) => this.#refuse(call, outcome, error),
      onOver: (call) => this.#calls.delete(call.stream),
    });
    const welcome = encodeSessionMessage({ type: "welcome", protocol: protocolVersion, attach: address, host: this.#options.host });
    link.send(packetKinds.welcome, welcome);
    this.#watchSilence(link);
    // When the calls that came along with the greeting had their choice.
    setImmediate(() => this.#pool?.prestart(this.#routes.read(new Uint8Array(0))));
  }

  #refuseClient(error: Failure, link: Link): void {
    link.send(packetKinds.bye, encodeSessionMessage({ type: "bye", error }));
    this.kill();
    void link.close().then(this.#options.onEnd);
  }

  #watchSilence(link: Link): void {
    const interval = this.#hello?.heartbeatMs ?? 0;
    if (interval > 0) link.expectWithin(Math.min(silentIntervals * interval, longestTimer));
  }

  #onLost(link: Link): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    if (this.#isEnding) return;
    // Nobody but who said `hello` can come back.
    if (this.#hello === undefined) return this.#end();
    this.#lease = setTimeout(() => this.#endLease(), Math.min(this.#hello.leaseMs, longestTimer));
  }

  #endLease(): void {
    this.#isLeaseOver = true;
    for (const worker of this.#pool?.workers ?? []) worker.signal("SIGTERM");
    this.#pool?.close();
    this.#listener?.close();
    setTimeout(() => this.#end(), leaseGrace);
  }

  #resume(link: Link, { token, received }: ResumeMessage): boolean {
    if (this.#isEnding || this.#isLeaseOver || token !== this.#hello?.token || !this.#replay.acknowledge(received)) return false;
    clearTimeout(this.#lease);
    this.#link?.drop();
    this.#link = link;
    this.#watchSilence(link);
    link.send(packetKinds.resumed, encodeSessionMessage({ type: "resumed", received: this.#receipt.tell() }));
    link.write(this.#replay.unacknowledged());
    this.#pauseOrGoOn();
    return true;
  }

  #acknowledge(packet: Packet, link: Link): void {
    if (!this.#replay.acknowledge(decodeCount(packet.payload))) {
      link.drop();
      this.#onLost(link);
    } else if (this.#isPaused) this.#pauseOrGoOn();
  }

  /** Sends a counted packet. */
  #send(chunks: readonly Uint8Array[]): void {
    this.#replay.keep(chunks);
    this.#link?.write(chunks);
    if (!this.#isPaused && this.#replay.bytes >= sessionLimits.unacknowledged) this.#pauseOrGoOn();
  }

  #pauseOrGoOn(): void {
    const isPaused = this.#replay.bytes >= sessionLimits.unacknowledged;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    for (const worker of this.#pool?.workers ?? []) {
      worker.pauseReading(isPaused);
      if (isPaused !== this.#isPaused) return; // Who went on filled the room again.
    }
  }

  #takeCounted(packet: Packet): void {
    if (packet.kind === packetKinds.open) return this.#openStream(packet);
    const call = this.#calls.get(packet.stream);
    if (call === undefined || this.#pool === undefined) return;
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
    if (this.#pool === undefined || parts === undefined || this.#calls.has(packet.stream)) {
      throw new ProtocolError("protocol-error", "open: too early, too short, or of a stream that is open");
    }
    const makeGate = (call: Call, index: 0 | 1): Gate =>
      new Gate(
        () => !this.#isPaused,
        (chunk) => this.#sendOutput(call, index, chunk),
      );
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
    call.needsCredit = !isWhole(parts.frame);
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
