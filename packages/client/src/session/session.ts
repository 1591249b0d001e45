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
  decodeSessionMessage,
  encodePacket,
  encodeSessionMessage,
  hostLimits,
  type Packet,
  packetKinds,
  ProtocolError,
  SremoteError,
  type WelcomeMessage,
} from "@sremote/protocol";
import type { HostSession } from "../call/place.ts";
import type { Link, LinkEnd } from "./link.ts";
import { codeOf, type SessionOptions } from "./options.ts";
import { PacketExchange, type SessionEnd } from "./packet-exchange.ts";
import { resume } from "./resume.ts";

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

export class Session extends PacketExchange implements HostSession {
  readonly options: SessionOptions;
  /** Resolves when the host has answered. Rejects with what kept it from that. */
  readonly ready: Promise<WelcomeMessage>;
  welcome: WelcomeMessage | undefined;
  /** Intervals for which the same packet has not come whole. */
  #unfinished = 0;
  #lastUnfinished: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #settleReady!: { resolve(welcome: WelcomeMessage): void; reject(end: SessionEnd): void };
  readonly #resuming = new AbortController();

  constructor(options: SessionOptions) {
    super(options.connector.label);
    this.options = options;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    this.ready.catch(() => undefined); // the start awaits it; calls are told of the end themselves
  }

  /** The link is made; packets given before are sent. */
  begin(link: Link): void {
    if (this.state === "ended") return link.abandon();
    this.use(link);
    this.#timer = setInterval(() => this.#beat(), this.options.heartbeat);
    this.#timer.unref();
  }

  /** No link could be made. */
  fail(error: SremoteError): void {
    this.end({ error, link: undefined });
  }

  protected control(packet: Packet): void {
    switch (packet.kind) {
      case packetKinds.welcome:
        if (this.state !== "starting") throw new ProtocolError("protocol-error", "the host sent a second welcome");
        this.#welcomed(decodeSessionMessage(packet.payload, "welcome"));
        break;
      case packetKinds.bye:
        this.#refused(packet);
        break;
      default:
        throw new ProtocolError("protocol-error", `the host sent a packet of the kind ${packet.kind}, which only clients send`);
    }
  }

  #welcomed(welcome: WelcomeMessage): void {
    this.welcome = welcome;
    this.state = "open";
    this.#settleReady.resolve(welcome);
  }

  #refused(packet: Packet): void {
    const { error: whole } = decodeSessionMessage(packet.payload, "bye");
    const error = whole && cutFailure(whole);
    const code = error?.code ?? "endpoint-broken";
    const { host } = this;
    const message = `the host ended the session: ${error?.message ?? "no reason given"}`;
    const Kind = code === "protocol-mismatch" || code === "protocol-error" ? ProtocolError : SremoteError;
    this.end({ error: new Kind(code, message, { stage: error?.stage, host, hint: error?.hint }), link: undefined });
  }

  #beat(): void {
    if (this.state === "resuming" || this.link === undefined) return;
    this.silent++;
    // A link that lives this long is none that dies again and again.
    if (this.state === "open") this.fruitless = 0;
    const { heartbeat } = this.options;
    const allowed = Math.max(silentIntervals * heartbeat, this.state === "starting" ? startSilence : 0);
    if (this.silent * heartbeat > allowed) return this.#giveUp(`the host has been silent for ${((this.silent - 1) * heartbeat) / 1000} s`);
    const { unfinished } = this.link;
    this.#unfinished = unfinished !== undefined && unfinished === this.#lastUnfinished ? this.#unfinished + 1 : 0;
    this.#lastUnfinished = unfinished;
    if (this.#unfinished * heartbeat > Math.max(silentIntervals * heartbeat, packetPatience))
      return this.#giveUp(`a packet of the host has not come whole for ${(this.#unfinished * heartbeat) / 1000} s`);
    this.tell(packetKinds.ping);
  }

  /** The link is of no more use, though neither side has closed it. */
  #giveUp(why: string): void {
    const error = new ConnectError("connection-lost", why, { host: this.host });
    this.linkLost({ error, started: false, exitCode: null, signal: null, stdout: new Uint8Array(), stderr: new Uint8Array() });
  }

  protected linkLost(end: LinkEnd): void {
    if (this.state !== "open" || this.welcome === undefined || this.fruitless >= mostFruitless) {
      this.end({ error: undefined, link: end });
      return;
    }
    this.link?.leave();
    this.link = undefined;
    this.state = "resuming";
    this.options.watch?.lost(codeOf(end.error), true);
    this.#resume(this.welcome).catch((error: unknown) => {
      this.end({ error: SremoteError.from(error, "connection-lost"), link: end });
    });
  }

  /** Rejects when the session cannot go on. */
  async #resume(welcome: WelcomeMessage): Promise<void> {
    const since = performance.now();
    if (this.fruitless > 0) await pause(backOff(this.fruitless, fruitlessPause, longestFruitlessPause, "none"), this.#resuming.signal);
    const resumed = await resume(welcome, this.options, this.receipt, this.#resuming.signal);
    const { link, received } = resumed;
    if (this.isOver) return link.abandon();
    if (!this.replay.acknowledge(received)) {
      link.abandon();
      throw new ProtocolError("protocol-error", "the host has received packets that were never sent");
    }
    this.state = "open";
    this.silent = 0;
    this.#lastUnfinished = undefined;
    this.fruitless++;
    this.use(link);
    resumed.adopt(this.events);
    // The new one may be over again.
    if (this.link === link) this.options.watch?.resumed(performance.now() - since);
    // Bulk data that waited for the old link.
    this.events.drained();
  }

  protected end(end: SessionEnd): void {
    if (this.state === "ended") return;
    this.state = "ended";
    clearInterval(this.#timer);
    this.#resuming.abort();
    this.link?.abandon();
    this.link = undefined;
    const { host } = this;
    const failure =
      end.error ?? SremoteError.from(end.link?.error ?? new Error("the endpoint ended"), "connection-lost", { stage: "call", host });
    this.#settleReady.reject(end);
    if (this.welcome !== undefined) this.options.watch?.lost(failure.code, false);
    this.endStreams(failure);
  }

  /** Ends everything on the host. Calls under way hear that the client was closed. */
  async close(): Promise<void> {
    if (this.state === "ended") return;
    const link = this.link;
    // One that has not begun runs nothing, and reads no goodbye.
    const isStarting = this.state === "starting";
    link?.write(encodePacket(packetKinds.bye, 0, [encodeSessionMessage({ type: "bye" })]));
    const closed = new SremoteError("closed", "the client was closed", { host: this.host });
    this.link = undefined;
    this.end({ error: closed, link: undefined });
    if (link === undefined) return;
    if (isStarting) return link.abandon();
    const { promise: late, resolve } = Promise.withResolvers<"late">();
    const timer = setTimeout(() => resolve("late"), byeTimeout);
    const outcome = await Promise.race([link.finish(), late]);
    clearTimeout(timer);
    if (outcome === "late") link.abandon();
  }
}
