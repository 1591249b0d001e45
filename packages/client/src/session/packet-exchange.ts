/*
 * Packets between the calls of a session and its supervisor, over whatever link there is: SESSION.md, "Packet" and "Losing the
 * link". Each has its place in a count, is kept until the other side has taken it, and is handed on once, also where its parts come over two links.
 */
import {
  decodeCount,
  encodeCount,
  encodePacket,
  hostLimits,
  isCounted,
  type Packet,
  type PacketKind,
  packetKinds,
  type PacketOptions,
  ProtocolError,
  Receipt,
  Replay,
  type SremoteError,
} from "@sremote/protocol";
import type { Link, LinkEnd, LinkEvents } from "./link.ts";
import { SessionAsks } from "./open-asks.ts";

/** What a session tells the call of a stream. */
export interface StreamEvents {
  packet(packet: Packet): void;
  /** More may be sent, as far as the link is concerned. */
  drained(): void;
  /** The session is over. @param reached whether the host may have got the call */
  lost(error: SremoteError, reached: boolean): void;
}

/** Why a session is over; `link` is how its last link ended. */
export interface SessionEnd {
  error: SremoteError | undefined;
  link: LinkEnd | undefined;
}

export abstract class PacketExchange {
  /** The connector's label. */
  readonly host: string;
  /** Callbacks that the host asks for, of all calls. */
  readonly asks: SessionAsks = new SessionAsks();
  protected state: "starting" | "open" | "resuming" | "ended" = "starting";
  protected link: Link | undefined;
  protected readonly replay: Replay = new Replay();
  protected readonly receipt: Receipt = new Receipt();
  /** Intervals of the heartbeat in which nothing came. */
  protected silent = 0;
  /** How often something came. */
  protected heard = 0;
  /** Links in a row that brought nothing. */
  protected fruitless = 0;
  #failure: SremoteError | undefined;
  readonly #streams = new Map<number, { events: StreamEvents; number: number }>();
  #nextStream = 1;
  /** Counted packets that were ever given to a link. */
  #written = 0;
  /** Bytes of a packet's payload that were given to its stream while the rest had not come. */
  #begun = 0;
  /** How many of them are to come again on the present link. */
  #repeated = 0;
  #onIdle: (() => void) | undefined;
  #held = 0;
  /** Credit that was given since the host last took a packet of ours. */
  #credits = 0;
  /** What is to be said as soon as the link takes something: an `ack`, or a `ping`, which acknowledges as well. */
  #owed: PacketKind | undefined;

  protected constructor(host: string) {
    this.host = host;
  }

  /** Takes packets that say how the session goes: `welcome`, `bye`, and none else. */
  protected abstract control(packet: Packet): void;
  protected abstract linkLost(end: LinkEnd): void;
  protected abstract end(end: SessionEnd): void;

  get isOver(): boolean {
    return this.state === "ended";
  }

  /** Streams that are not over. */
  get busy(): number {
    return this.#streams.size;
  }

  /** The link that starts the supervisor takes its events from here. */
  get events(): LinkEvents {
    return {
      packet: (packet) => this.#take(packet),
      heard: () => {
        this.silent = 0;
        this.heard++;
      },
      drained: () => {
        if (this.isOver) return;
        const owed = this.#owed;
        this.#owed = undefined;
        if (owed !== undefined) this.tell(owed);
        for (const { events } of this.#streams.values()) events.drained();
      },
      lost: (end) => {
        if (!this.isOver) this.linkLost(end);
      },
    };
  }

  /** From now on packets go over this link, those first that the host has not taken. */
  protected use(link: Link): void {
    this.link = link;
    this.#written = this.replay.sent;
    this.#repeated = this.#begun;
    link.write(this.replay.unacknowledged());
  }

  /** No packet goes out any more: ends all streams. */
  protected endStreams(failure: SremoteError): void {
    this.#failure = failure;
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const { events, number } of streams) events.lost(failure, number < this.#written);
  }

  /** A new stream for a call; its first packet is sent by the caller. */
  newStream(events: StreamEvents): number {
    if (this.#failure !== undefined) throw this.#failure;
    const stream = this.#nextStream++;
    this.#streams.set(stream, { events, number: this.replay.sent });
    return stream;
  }

  /** Sends a counted packet. @returns false when bulk data should wait for `drained` */
  send(kind: PacketKind, stream: number, payload: readonly Uint8Array[], options?: PacketOptions): boolean {
    if (this.state === "ended") return true;
    const chunks = encodePacket(kind, stream, payload, options);
    // Each is kept until the host has taken it: one that never does would have us keep them all.
    if (kind === packetKinds.credit && ++this.#credits > hostLimits.credits) {
      this.end({ error: this.#excess("sends output and takes no notice of what it is sent"), link: undefined });
      return true;
    }
    this.replay.keep(chunks);
    if (this.link === undefined) return true;
    this.#written = this.replay.sent;
    return this.link.write(chunks);
  }

  forget(stream: number): void {
    this.#streams.delete(stream);
    this.#tellIdle();
  }

  /** Something on the host is in use as long as this many of these are not let go. */
  hold(): void {
    this.#held++;
  }

  letGo(): void {
    this.#held--;
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#onIdle !== undefined && this.#streams.size === 0 && this.#held === 0) this.#onIdle();
  }

  /** Calls back when no stream is open and nothing is held any more. */
  whenIdle(callback: () => void): void {
    this.#onIdle = callback;
    this.#tellIdle();
  }

  /** A host that sends more than it may is not asked to send it again. */
  #take(packet: Packet): void {
    try {
      this.#packet(packet);
    } catch (error) {
      if (!(error instanceof ProtocolError) || error.code !== "limit-exceeded") throw error;
      this.end({ error, link: undefined });
    }
  }

  #excess(what: string): ProtocolError {
    return new ProtocolError("limit-exceeded", `the host ${what}`, { stage: "call", host: this.host });
  }

  #packet(packet: Packet): void {
    if (this.state === "starting" && packet.kind !== packetKinds.welcome && packet.kind !== packetKinds.bye)
      throw new ProtocolError("protocol-error", "the host's first packet is not its welcome");
    if (isCounted(packet.kind)) {
      if (packet.isFirst && packet.isLast && this.#begun === 0) this.#streams.get(packet.stream)?.events.packet(packet);
      else this.#piece(packet);
      if (!packet.isLast) return;
      if (this.#streams.has(packet.stream)) this.fruitless = 0;
      if (this.receipt.count(packet.length)) this.tell(packetKinds.ack);
      return;
    }
    if (packet.kind === packetKinds.pong || packet.kind === packetKinds.ack) this.#acknowledged(decodeCount(packet.payload));
    else this.control(packet);
  }

  #acknowledged(count: number): void {
    const before = this.replay.acknowledged;
    if (!this.replay.acknowledge(count)) throw new ProtocolError("protocol-error", "the host acknowledged packets that were never sent");
    if (this.replay.acknowledged === before) return;
    this.fruitless = 0;
    this.#credits = 0;
  }

  /** A part of a packet, or one of which a part came over an earlier link: that part is passed over. */
  #piece(packet: Packet): void {
    const repeated = Math.min(this.#repeated, packet.payload.length);
    this.#repeated -= repeated;
    const payload = packet.payload.subarray(repeated);
    const isFirst = this.#begun === 0;
    this.#begun = packet.isLast ? 0 : this.#begun + payload.length;
    if (payload.length === 0 && !packet.isLast) return;
    this.#streams.get(packet.stream)?.events.packet({ ...packet, payload, isFirst });
  }

  /** Not on a link that takes nothing: what comes on a link may be so much that the words about it are, and the next one says the same. */
  protected tell(kind: PacketKind): void {
    if (this.link === undefined) return;
    // A ping is owed as one: an `ack` has no answer, and the host would seem silent.
    if (this.link.isBlocked) this.#owed = kind === packetKinds.ping ? kind : (this.#owed ?? kind);
    else this.link.write(encodePacket(kind, 0, [encodeCount(this.receipt.tell())]));
  }

  /** Pings the host. @returns whether something has come from it since */
  askForSign(): () => boolean {
    const before = this.heard;
    this.tell(packetKinds.ping);
    return () => this.heard > before;
  }
}
