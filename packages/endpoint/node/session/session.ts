/* The supervisor of a session: one client, one link at a time, workers. SESSION.md is what it does. */
import {
  decodeCount,
  decodeSessionMessage,
  encodeCount,
  encodeSessionMessage,
  isCounted,
  packetKinds,
  ProtocolError,
  protocolVersion,
  Receipt,
  Replay,
  sessionLimits,
  type Failure,
  type HelloMessage,
  type HostFacts,
  type Packet,
} from "@sremote/protocol";
import { describeRefusal } from "../run/failure.ts";
import { greeting, leaseGrace, silentIntervals } from "../wire/limits.ts";
import { sweepLater } from "./abandoned-places.ts";
import { Link } from "./link.ts";
import { Listener } from "./listener.ts";
import { longestTimer } from "./objects.ts";
import { makePrivatePlace, removePrivatePlace, type PrivatePlace } from "./private-place.ts";
import { Streams } from "./streams.ts";

/** How long killed processes may take to be gone before the supervisor ends without them, in milliseconds. */
const reapGrace = 1000;

export interface SessionOptions {
  base: string;
  host: HostFacts;
  /** The program, for its workers. */
  source: string;
  /** The user's, for its workers; this process has one of its own. */
  umask: number;
  /** The supervisor is done and its process may end. */
  onEnd: () => void;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #place: PrivatePlace;
  readonly #replay: Replay = new Replay();
  readonly #receipt: Receipt = new Receipt();
  #listener: Listener | undefined;
  #link: Link | undefined;
  #hello: HelloMessage | undefined;
  #streams: Streams | undefined;
  #lease: NodeJS.Timeout | undefined;
  #greeting: NodeJS.Timeout | undefined;
  #isPaused = false;
  #isEnding = false;
  #isLeaseOver = false;
  /** Packets that the client sends again, though they came over the link before. */
  #repeated = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#place = makePrivatePlace();
  }

  /** The first link, whose first packet is `hello`. */
  begin(link: (events: ConstructorParameters<typeof Link>[2]) => Link): void {
    this.#link = link({ onPacket: (packet, from) => this.#take(packet, from), onLost: (lost) => this.#onLost(lost) });
    this.#greeting = setTimeout(() => this.end(), greeting);
  }

  /** Kills the workers and removes what is on the host. For the end of the process too: nothing here waits. */
  kill(): void {
    this.#isEnding = true;
    clearTimeout(this.#lease);
    clearTimeout(this.#greeting);
    this.#streams?.signal("SIGKILL");
    this.#listener?.close();
    this.#streams?.close();
    removePrivatePlace(this.#place);
  }

  /** Ends workers and supervisor at once, and waits until the workers are gone. */
  end(): void {
    if (this.#isEnding) return;
    this.kill();
    this.#link?.drop();
    setTimeout(this.#options.onEnd, reapGrace);
    this.#streams?.ended().then(this.#options.onEnd, this.#options.onEnd);
    if (this.#streams === undefined) this.#options.onEnd();
  }

  #take(packet: Packet, link: Link): void {
    if (link !== this.#link || this.#isEnding) return;
    if (isCounted(packet.kind)) {
      if (this.#repeated > 0) {
        this.#repeated--;
        return;
      }
      if (this.#streams === undefined) throw new ProtocolError("protocol-error", "a packet that came before hello");
      this.#streams.take(packet);
      // One that makes no sense breaks the link and was not received.
      if (this.#receipt.count(packet.payload.length)) link.send(packetKinds.ack, encodeCount(this.#receipt.tell()));
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
        this.end();
        break;
      default:
        throw new ProtocolError("protocol-error", `a client sends no packet of the kind ${packet.kind} on a link that was taken`);
    }
  }

  #greet(packet: Packet, link: Link): void {
    if (this.#hello !== undefined) throw new ProtocolError("protocol-error", "hello: only the first packet is one");
    try {
      const hello = decodeSessionMessage(packet.payload, "hello");
      this.#open(hello, link);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuseClient(describeRefusal(error, "protocol-error", "request"), link);
    }
  }

  #open(hello: HelloMessage, link: Link): void {
    this.#hello = hello;
    clearTimeout(this.#greeting);
    this.#listener = new Listener(this.#place.directory, hello.token, {
      onPacket: (packet, from) => this.#take(packet, from),
      onLost: (lost) => this.#onLost(lost),
      received: () => this.#receipt.received,
      onProved: (from, received, told) => this.#resume(from, received, told),
    });
    this.#streams = new Streams({
      ...this.#options,
      place: this.#place,
      workers: hello.workers,
      send: (chunks) => this.#send(chunks),
      mayRead: () => !this.#isPaused,
    });
    const { address: attach } = this.#listener;
    const welcome = encodeSessionMessage({ type: "welcome", protocol: protocolVersion, attach, host: this.#options.host });
    link.send(packetKinds.welcome, welcome);
    this.#watchSilence(link);
    sweepLater(this.#place);
    // When the calls that came along with the greeting had their choice.
    setImmediate(() => this.#streams?.prestart());
  }

  #refuseClient(failure: Failure, link: Link): void {
    link.send(packetKinds.bye, encodeSessionMessage({ type: "bye", error: failure }));
    this.kill();
    link.close().then(this.#options.onEnd, this.#options.onEnd);
  }

  #watchSilence(link: Link): void {
    const interval = this.#hello?.heartbeatMs ?? 0;
    if (interval > 0) link.expectWithin(Math.min(silentIntervals * interval, longestTimer));
  }

  #onLost(link: Link): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    if (this.#isEnding) return;
    // Only a client that said `hello` can come back.
    if (this.#hello === undefined) return this.end();
    this.#lease = setTimeout(() => this.#endLease(), Math.min(this.#hello.leaseMs, longestTimer));
  }

  #endLease(): void {
    this.#isLeaseOver = true;
    this.#listener?.close();
    if (this.#streams?.signal("SIGTERM") === true) setTimeout(() => this.end(), leaseGrace);
    else this.end();
  }

  /** The client has come again: its old link is dropped, even if it seemed alive. */
  #resume(link: Link, received: number, told: number): boolean {
    if (this.#isEnding || this.#isLeaseOver || !this.#replay.acknowledge(received)) return false;
    clearTimeout(this.#lease);
    this.#link?.drop();
    this.#link = link;
    this.#watchSilence(link);
    this.#repeated = this.#receipt.tell() - told;
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
    this.#streams?.pauseOrGoOn();
  }
}
