/* One call on a session: the conversation of a stream, from `open` to the last `data`. */
import {
  Attachments,
  checksumBytes,
  checkSessionMessage,
  type AskMessage,
  type DecodedFrame,
  decodeCredit,
  decodeFrame,
  encodeOpen,
  FrameDecoder,
  type Packet,
  packetFlags,
  packetKinds,
  peekPrefix,
  prefixBytes,
  type PartMessage,
  ProtocolError,
  type ResultMessage,
  sessionLimits,
  type SremoteError,
} from "@sremote/protocol";
import type { Invocation } from "../call/invocation.ts";
import type { CallFrame } from "../call/message.ts";
import type { CallPlace } from "../call/place.ts";
import type { Thrown } from "../call/transport.ts";
import type { Callbacks } from "./callbacks.ts";
import { HostExcess, tooMuch } from "./host-excess.ts";
import { OpenAsks } from "./open-asks.ts";
import type { StreamEvents } from "./packet-exchange.ts";
import type { Session } from "./session.ts";
import { StreamOutput } from "./stream-output.ts";

export interface StreamResult {
  message: ResultMessage;
  attachments: Attachments;
  /** The worker it ran in. */
  worker: number;
  /** Length of the message. */
  bytes: number;
}

/** The session ended under the call. */
export class StreamLost extends Error {
  override readonly cause: SremoteError;
  /** Whether the host may have got the call. */
  readonly reached: boolean;
  constructor(cause: SremoteError, reached: boolean) {
    super("the session ended under the call");
    this.cause = cause;
    this.reached = reached;
  }
}

/** Thousands of calls may be under way: what is the same for all of them is kept once. */
const nothing: readonly Uint8Array[] = [];

export class StreamCall implements StreamEvents, CallPlace {
  readonly session: Session;
  readonly stream: number;
  readonly result: Promise<StreamResult>;
  isOver = false;
  /** Something came from the host, which only sends what a worker has taken. */
  isTaken = false;
  /** What a callback threw last. */
  thrown: Thrown | undefined;
  readonly #call: Invocation;
  readonly #callbacks: Callbacks;
  readonly #source: CallFrame;
  #output: StreamOutput | undefined;
  #asks: OpenAsks | undefined;
  /** Of a frame that came in parts. */
  #decoder: FrameDecoder | undefined;
  /** Frames that are not sent yet, in pieces. */
  #unsent: readonly Uint8Array[];
  /** Bytes of the call's own frame that are not sent yet; not counted where all of them are copies. */
  #owed = 0;
  #credit: number = sessionLimits.requestCredit;
  #settle!: { resolve(result: StreamResult): void; reject(error: Error): void };

  /**
   * @param callbacks functions for which the host may ask
   * @param route JSON, or no text for the default
   * @param keep for how many calls the host is to keep the result
   */
  constructor(session: Session, call: Invocation, callbacks: Callbacks, route: string, source: CallFrame, keep: number) {
    this.session = session;
    this.#call = call;
    this.#callbacks = callbacks;
    this.#source = source;
    const frame = source.chunks(keep > 0 ? `,"keep":${keep}` : "");
    this.result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.stream = session.newStream(this);
    this.#unsent = frame;
    if (source.isPinned) this.#owed = frameBytes(frame[0]!);
    session.send(packetKinds.open, this.stream, encodeOpen(route, this.#take()));
    if (!this.#isCutOff()) this.#sendMore();
  }

  /** Made when something is printed, or is not to be: most calls print nothing. */
  get flow(): StreamOutput {
    return (this.#output ??= new StreamOutput(this, this.#call));
  }

  cancel(): void {
    if (!this.isOver) this.session.send(packetKinds.cancel, this.stream, []);
  }

  /** As much of what is not sent as one packet and the credit allow. */
  #take(): Uint8Array[] {
    let room = Math.min(this.#credit, sessionLimits.dataPayload);
    const parts: Uint8Array[] = [];
    let used = 0;
    while (room > 0 && used < this.#unsent.length) {
      const chunk = this.#unsent[used]!;
      const part = chunk.length <= room ? chunk : chunk.subarray(0, room);
      parts.push(part);
      room -= part.length;
      this.#credit -= part.length;
      if (part.length === chunk.length) used++;
      else this.#unsent = [...this.#unsent.slice(0, used), chunk.subarray(part.length), ...this.#unsent.slice(used + 1)];
    }
    if (used > 0) this.#unsent = used === this.#unsent.length ? nothing : this.#unsent.slice(used);
    return this.#owed > 0 ? this.#owned(parts) : parts;
  }

  /** Copies of parts of the program's memory: a packet that is on its way, or kept to be sent again, must not change. */
  #owned(parts: readonly Uint8Array[]): Uint8Array[] {
    // Of a buffer that was transferred nothing is left, and no copy can be made.
    const copies = parts.filter(({ length }) => length > 0).map((part) => Uint8Array.prototype.slice.call(part));
    for (const { length } of copies) this.#owed -= length;
    return copies;
  }

  /** Bytes of the frame are gone: its buffer was transferred. The worker must not wait for the rest. */
  #isCutOff(): boolean {
    if (this.#owed === 0 || this.#unsent.length > 0) return false;
    this.cancel();
    try {
      this.#source.check();
    } catch (error) {
      this.#end();
      this.#settle.reject(error as Error);
    }
    return true;
  }

  #sendMore(): void {
    while (this.#unsent.length > 0 && this.#credit > 0) {
      const parts = this.#take();
      if (this.#isCutOff()) return;
      if (!this.session.send(packetKinds.data, this.stream, parts)) return;
    }
    if (this.#unsent.length > 0) return;
    this.#asks?.sent();
  }

  drained(): void {
    if (!this.isOver) this.#sendMore();
  }

  packet(packet: Packet): void {
    this.isTaken = true;
    switch (packet.kind) {
      case packetKinds.stdout:
      case packetKinds.stderr:
      case packetKinds.totals:
        this.flow.packet(packet);
        break;
      case packetKinds.credit:
        this.#credit += decodeCredit(packet.payload) || 0;
        this.#sendMore();
        break;
      case packetKinds.data:
        this.#data(packet);
        break;
      default:
        throw new ProtocolError("protocol-error", `the host sent a packet of the kind ${packet.kind}, which only clients send`);
    }
  }

  #data(packet: Packet): void {
    try {
      if ((packet.flags & packetFlags.fresh) !== 0 && packet.isFirst) this.#decoder = undefined;
      if (this.#decoder === undefined && packet.isLast && isSmallFrame(packet.payload)) this.#frame(decodeFrame(packet.payload), packet);
      else {
        const decoder = (this.#decoder ??= new FrameDecoder());
        decoder.push(packet.payload);
        for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) this.#frame(frame, packet);
      }
      if ((packet.flags & packetFlags.last) !== 0 && packet.isLast && !this.isOver)
        throw new ProtocolError("protocol-error", "the host's answer has no result");
    } catch (error) {
      if (error instanceof HostExcess) throw error;
      this.#fail(error);
    }
  }

  /** Its function may wait for the answer to a question that could not be read or answered, and would keep its worker for ever. */
  #fail(error: unknown): void {
    if (this.isOver) return;
    this.cancel();
    this.#end();
    this.#settle.reject(error instanceof Error ? error : new Error(String(error)));
  }

  #frame(frame: DecodedFrame, packet: Packet): void {
    const message = checkSessionMessage(frame.header, "result", "part", "ask");
    const attachments = new Attachments(frame.attachments);
    if (message.type === "part") return this.#part(message, attachments);
    if (message.type === "ask") return this.#ask(message, attachments, frame.bytes);
    this.#end();
    this.#settle.resolve({ message, attachments, worker: packet.worker, bytes: frame.bytes });
  }

  #part(message: PartMessage, attachments: Attachments): void {
    const { items } = this.#call.context;
    if (items === undefined) throw new ProtocolError("protocol-error", "the host sent a part of an answer that has none");
    items.take(message, attachments);
  }

  #ask(message: AskMessage, attachments: Attachments, bytes: number): void {
    const excess = (this.#asks ??= new OpenAsks(this.session.asks)).add(bytes);
    if (excess !== undefined) throw tooMuch(excess);
    this.#answer(message, attachments, bytes).catch((error: unknown) => this.#fail(error));
  }

  async #answer(message: AskMessage, attachments: Attachments, bytes: number): Promise<void> {
    const answer = await this.#callbacks.answer(message, attachments, this.#call.context.serializer, (thrown) => (this.thrown = thrown));
    if (this.isOver) return; // the function did not wait for it
    this.#asks?.answered(bytes);
    this.#reply(answer);
  }

  #reply(answer: readonly Uint8Array[]): void {
    this.#unsent = [...this.#unsent, ...answer];
    this.#sendMore();
  }

  #end(): void {
    this.isOver = true;
    this.#unsent = nothing;
    this.#asks?.end();
    this.session.forget(this.stream);
  }

  lost(error: SremoteError, reached: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#settle.reject(new StreamLost(error, reached));
  }
}

/** The length that a frame's first piece states. */
function frameBytes(head: Uint8Array): number {
  return prefixBytes + peekPrefix(head).body + checksumBytes;
}

/** One whole frame without attachments, which may be decoded where it lies: views of attachments would need its bytes aligned. */
function isSmallFrame(payload: Uint8Array): boolean {
  if (payload.length < prefixBytes + checksumBytes) return false;
  const { attachments, body } = peekPrefix(payload);
  return attachments === 0 && payload.length === prefixBytes + body + checksumBytes;
}
