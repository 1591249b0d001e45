/*
 * One session with a supervisor on the host, over whatever links it takes: SESSION.md.
 *
 *   starting ──welcome──▶ open ◀──proved─── resuming
 *      │                   │ ──link lost──▶    │
 *      └──────▶ ended ◀────┴──────lease over───┘
 *
 * A link that is lost while starting ends the session: nothing is known of a supervisor then, and the calls on their way were not begun, or may have been.
 */
import { backOff, pause } from "@sremote/connectors";
import {
  ConnectError,
  cutFailure,
  decodeCount,
  decodeSessionMessage,
  encodeCount,
  encodePacket,
  encodeSessionMessage,
  hostLimits,
  isCounted,
  type Packet,
  type PacketKind,
  packetKinds,
  type PacketOptions,
  ProtocolError,
  Receipt,
  Replay,
  SremoteError,
  type WelcomeMessage,
} from "@sremote/protocol";
import type { HostSession } from "../call/place.ts";
import type { Link, LinkEnd, LinkEvents } from "./link.ts";
import { SessionAsks } from "./open-asks.ts";
import { resume } from "./resume.ts";
import { codeOf, type SessionOptions } from "./options.ts";

/** What a session tells the call of a stream. */
export interface StreamEvents {
  packet(packet: Packet): void;
  /** More may be sent, as far as the link is concerned. */
  drained(): void;
  /** The session is over. @param reached whether the host may have got the call */
  lost(error: SremoteError, reached: boolean): void;
}

/** Intervals of the heartbeat without a sign from the host after which a link is given up. */
export const silentIntervals = 3;
/** An interpreter that starts on a busy host, or from a slow disk, gives no sign for long: so many milliseconds at least. */
const startSilence = 45_000;
/** A packet may take so long over a slow link, in milliseconds. One with a damaged length would swallow all signs of life that come after it. */
const packetPatience = 45_000;
/**
 * Links in a row that were made and lost again before they brought anything: a packet of a call, word that one of ours was taken, or a heartbeat's time of life.
 * The packet that is next may be one that the other side will never take, whatever the link, or the host may play with us; pauses in between, in
 * milliseconds, keep both sides from doing nothing else.
 */
const mostFruitless = hostLimits.fruitlessLinks;
const [fruitlessPause, longestFruitlessPause] = [100, 3200];
/** How long the host may take to end everything when the session is closed, in milliseconds. */
const byeTimeout = 5000;

export class Session implements HostSession {
  readonly options: SessionOptions;
  /** Resolves when the host has answered. Rejects with what kept it from that. */
  readonly ready: Promise<WelcomeMessage>;
  welcome: WelcomeMessage | undefined;
  /** Callbacks that the host asks for, of all calls. */
  readonly asks: SessionAsks = new SessionAsks();
  #state: "starting" | "open" | "resuming" | "ended" = "starting";
  #link: Link | undefined;
  readonly #replay = new Replay();
  readonly #receipt = new Receipt();
  readonly #streams = new Map<number, { events: StreamEvents; number: number }>();
  #nextStream = 1;
  /** Counted packets that were ever given to a link. */
  #written = 0;
  /** Bytes of a packet's payload that were given to its stream while the rest had not come. */
  #begun = 0;
  /** How many of them are to come again on the present link. */
  #repeated = 0;
  #silent = 0;
  /** Intervals for which the same packet has not come whole. */
  #unfinished = 0;
  #lastUnfinished: number | undefined;
  /** How often something came. */
  #heard = 0;
  #timer: NodeJS.Timeout | undefined;
  #settleReady!: { resolve(welcome: WelcomeMessage): void; reject(end: SessionEnd): void };
  readonly #resuming = new AbortController();
  #onIdle: (() => void) | undefined;
  #held = 0;
  #fruitless = 0;
  /** Credit that was given since the host last took a packet of ours. */
  #credits = 0;
  #failure: SremoteError | undefined;
  /** What is to be said as soon as the link takes something: an `ack`, or a `ping`, which acknowledges as well. */
  #owed: PacketKind | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    this.ready.catch(() => undefined); // the start awaits it; calls are told of the end themselves
  }

  get isOver(): boolean {
    return this.#state === "ended";
  }

  get host(): string {
    return this.options.connector.label;
  }

  /** Streams that are not over. */
  get busy(): number {
    return this.#streams.size;
  }

  /** The link that starts the supervisor takes its events from here. */
  get events(): LinkEvents {
    const own = (): boolean => this.#state !== "ended";
    return {
      packet: (packet) => this.#take(packet),
      heard: () => {
        this.#silent = 0;
        this.#heard++;
      },
      drained: () => {
        if (!own()) return;
        const owed = this.#owed;
        this.#owed = undefined;
        if (owed !== undefined) this.#tell(owed);
        for (const { events } of this.#streams.values()) events.drained();
      },
      lost: (end) => {
        if (own()) this.#linkLost(end);
      },
    };
  }

  /** The link is made; packets given before are sent. */
  begin(link: Link): void {
    if (this.#state === "ended") return link.abandon();
    this.#link = link;
    this.#written = this.#replay.sent;
    link.write(this.#replay.unacknowledged());
    this.#timer = setInterval(() => this.#beat(), this.options.heartbeat);
    this.#timer.unref();
  }

  /** No link could be made. */
  fail(error: SremoteError): void {
    this.#end({ error, link: undefined });
  }

  /** A new stream for a call; its first packet is sent by the caller. */
  newStream(events: StreamEvents): number {
    if (this.#failure !== undefined) throw this.#failure;
    const stream = this.#nextStream++;
    this.#streams.set(stream, { events, number: this.#replay.sent });
    return stream;
  }

  /** Sends a counted packet. @returns false when bulk data should wait for `drained` */
  send(kind: PacketKind, stream: number, payload: readonly Uint8Array[], options?: PacketOptions): boolean {
    if (this.#state === "ended") return true;
    const chunks = encodePacket(kind, stream, payload, options);
    // Each is kept until the host has taken it: one that never does would have us keep them all.
    if (kind === packetKinds.credit && ++this.#credits > hostLimits.credits) {
      this.#end({ error: this.#excess("sends output and takes no notice of what it is sent"), link: undefined });
      return true;
    }
    this.#replay.keep(chunks);
    if (this.#link === undefined) return true;
    this.#written = this.#replay.sent;
    return this.#link.write(chunks);
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
      this.#end({ error, link: undefined });
    }
  }

  #excess(what: string): ProtocolError {
    return new ProtocolError("limit-exceeded", `the host ${what}`, { stage: "call", host: this.options.connector.label });
  }

  #packet(packet: Packet): void {
    if (this.#state === "starting" && packet.kind !== packetKinds.welcome && packet.kind !== packetKinds.bye)
      throw new ProtocolError("protocol-error", "the host's first packet is not its welcome");
    if (isCounted(packet.kind)) {
      if (packet.isFirst && packet.isLast && this.#begun === 0) this.#streams.get(packet.stream)?.events.packet(packet);
      else this.#piece(packet);
      if (!packet.isLast) return;
      if (this.#streams.has(packet.stream)) this.#fruitless = 0;
      if (this.#receipt.count(packet.length)) this.#tell(packetKinds.ack);
      return;
    }
    switch (packet.kind) {
      case packetKinds.welcome:
        if (this.#state !== "starting") throw new ProtocolError("protocol-error", "the host sent a second welcome");
        this.#welcomed(decodeSessionMessage(packet.payload, "welcome"));
        break;
      case packetKinds.bye:
        this.#refused(packet);
        break;
      case packetKinds.pong:
      case packetKinds.ack:
        this.#acknowledged(decodeCount(packet.payload));
        break;
      default:
        throw new ProtocolError("protocol-error", `the host sent a packet of the kind ${packet.kind}, which only clients send`);
    }
  }

  #acknowledged(count: number): void {
    const before = this.#replay.acknowledged;
    if (!this.#replay.acknowledge(count)) throw new ProtocolError("protocol-error", "the host acknowledged packets that were never sent");
    if (this.#replay.acknowledged === before) return;
    this.#fruitless = 0;
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

  #welcomed(welcome: WelcomeMessage): void {
    this.welcome = welcome;
    this.#state = "open";
    this.#settleReady.resolve(welcome);
  }

  #refused(packet: Packet): void {
    const { error: whole } = decodeSessionMessage(packet.payload, "bye");
    const error = whole && cutFailure(whole);
    const code = error?.code ?? "endpoint-broken";
    const host = this.options.connector.label;
    const message = `the host ended the session: ${error?.message ?? "no reason given"}`;
    const Kind = code === "protocol-mismatch" || code === "protocol-error" ? ProtocolError : SremoteError;
    this.#end({ error: new Kind(code, message, { stage: error?.stage, host, hint: error?.hint }), link: undefined });
  }

  /** Not on a link that takes nothing: what comes on a link may be so much that the words about it are, and the next one says the same. */
  #tell(kind: PacketKind): void {
    if (this.#link === undefined) return;
    // A ping is owed as one: an `ack` has no answer, and the host would seem silent.
    if (this.#link.isBlocked) this.#owed = kind === packetKinds.ping ? kind : (this.#owed ?? kind);
    else this.#link.write(encodePacket(kind, 0, [encodeCount(this.#receipt.tell())]));
  }

  /** Pings the host. @returns whether something has come from it since */
  askForSign(): () => boolean {
    const before = this.#heard;
    this.#tell(packetKinds.ping);
    return () => this.#heard > before;
  }

  #beat(): void {
    if (this.#state === "resuming" || this.#link === undefined) return;
    this.#silent++;
    // A link that lives this long is none that dies again and again.
    if (this.#state === "open") this.#fruitless = 0;
    const { heartbeat } = this.options;
    const allowed = Math.max(silentIntervals * heartbeat, this.#state === "starting" ? startSilence : 0);
    if (this.#silent * heartbeat > allowed)
      return this.#giveUp(`the host has been silent for ${((this.#silent - 1) * heartbeat) / 1000} s`);
    const { unfinished } = this.#link;
    this.#unfinished = unfinished !== undefined && unfinished === this.#lastUnfinished ? this.#unfinished + 1 : 0;
    this.#lastUnfinished = unfinished;
    if (this.#unfinished * heartbeat > Math.max(silentIntervals * heartbeat, packetPatience))
      return this.#giveUp(`a packet of the host has not come whole for ${(this.#unfinished * heartbeat) / 1000} s`);
    this.#tell(packetKinds.ping);
  }

  /** The link is of no use any more, though nobody has closed it. */
  #giveUp(why: string): void {
    const error = new ConnectError("connection-lost", why, { host: this.options.connector.label });
    this.#linkLost({ error, started: false, exitCode: null, signal: null, stdout: new Uint8Array(), stderr: new Uint8Array() });
  }

  #linkLost(end: LinkEnd): void {
    if (this.#state !== "open" || this.welcome === undefined || this.#fruitless >= mostFruitless) {
      this.#end({ error: undefined, link: end });
      return;
    }
    this.#link?.leave();
    this.#link = undefined;
    this.#state = "resuming";
    this.options.watch?.lost(codeOf(end.error), true);
    this.#resume(this.welcome).catch((error: unknown) => {
      this.#end({ error: SremoteError.from(error, "connection-lost"), link: end });
    });
  }

  /** Rejects when the session cannot go on. */
  async #resume(welcome: WelcomeMessage): Promise<void> {
    const since = performance.now();
    if (this.#fruitless > 0) await pause(backOff(this.#fruitless, fruitlessPause, longestFruitlessPause, "none"), this.#resuming.signal);
    const resumed = await resume(welcome, this.options, this.#receipt, this.#resuming.signal);
    const { link, received } = resumed;
    if (this.isOver) return link.abandon();
    if (!this.#replay.acknowledge(received)) {
      link.abandon();
      throw new ProtocolError("protocol-error", "the host has received packets that were never sent");
    }
    this.#state = "open";
    this.#silent = 0;
    this.#lastUnfinished = undefined;
    this.#fruitless++;
    this.#link = link;
    this.#written = this.#replay.sent;
    link.write(this.#replay.unacknowledged());
    this.#repeated = this.#begun;
    resumed.adopt(this.events);
    // The new one may be over again.
    if (this.#link === link) this.options.watch?.resumed(performance.now() - since);
    // Bulk data that waited for the old link.
    this.events.drained();
  }

  #end(end: SessionEnd): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    clearInterval(this.#timer);
    this.#resuming.abort();
    this.#link?.abandon();
    this.#link = undefined;
    const host = this.options.connector.label;
    this.#failure =
      end.error ?? SremoteError.from(end.link?.error ?? new Error("the endpoint ended"), "connection-lost", { stage: "call", host });
    this.#settleReady.reject(end);
    if (this.welcome !== undefined) this.options.watch?.lost(this.#failure.code, false);
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const { events, number } of streams) events.lost(this.#failure, number < this.#written);
  }

  /** Ends everything on the host. Calls under way hear that the client was closed. */
  async close(): Promise<void> {
    if (this.#state === "ended") return;
    const link = this.#link;
    // One that has not begun runs nothing, and reads no goodbye.
    const isStarting = this.#state === "starting";
    link?.write(encodePacket(packetKinds.bye, 0, [encodeSessionMessage({ type: "bye" })]));
    const closed = new SremoteError("closed", "the client was closed", { host: this.options.connector.label });
    this.#link = undefined;
    this.#end({ error: closed, link: undefined });
    if (link === undefined) return;
    if (isStarting) return link.abandon();
    const { promise: late, resolve } = Promise.withResolvers<"late">();
    const timer = setTimeout(() => resolve("late"), byeTimeout);
    const outcome = await Promise.race([link.finish(), late]);
    clearTimeout(timer);
    if (outcome === "late") link.abandon();
  }
}

/** Why a session is over; `link` is how its last link ended. */
export interface SessionEnd {
  error: SremoteError | undefined;
  link: LinkEnd | undefined;
}
