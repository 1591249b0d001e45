/* One call on a session: the conversation of a stream, from `open` to the last `data`. */
import {
  Attachments,
  checksumBytes,
  checkSessionMessage,
  type AskMessage,
  type DecodedFrame,
  decodeCount,
  decodeCredit,
  decodeFrame,
  encodeCredit,
  encodeOpen,
  FrameDecoder,
  type Packet,
  packetFlags,
  packetKinds,
  peekPrefix,
  prefixBytes,
  ProtocolError,
  type ResultMessage,
  sessionLimits,
  type SremoteError,
} from "@sremote/protocol";
import type { CallFrame } from "../call/frame.ts";
import type { CallOutput, OutputFlow } from "../call/output.ts";
import { OpenAsks } from "./open-asks.ts";
import type { Session, StreamEvents } from "./session.ts";

export interface StreamResult {
  message: ResultMessage;
  attachments: Attachments;
  /** The worker it ran in. */
  worker: number;
  /** Length of the message. */
  bytes: number;
}

export interface StreamCallOptions {
  session: Session;
  /** JSON, or no text for the default. */
  route: string;
  /** The `invoke` frame. */
  frame: readonly Uint8Array[];
  /** Of which the frame is made. */
  source: CallFrame;
  stdout: CallOutput;
  stderr: CallOutput;
  outputLimit: number;
  /** Answers an `ask` with the frame of an `answer`. Never rejects. */
  answer(ask: AskMessage, attachments: Attachments): Promise<readonly Uint8Array[]>;
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

export class StreamCall implements StreamEvents, OutputFlow {
  readonly stream: number;
  readonly result: Promise<StreamResult>;
  /** Something came from the host, which only sends what a worker has taken. */
  isTaken = false;
  readonly #options: StreamCallOptions;
  /** Bytes of stdout and stderr that the host may send before more credit is given. */
  #stdoutAllowed: number = sessionLimits.outputCredit;
  #stderrAllowed: number = sessionLimits.outputCredit;
  /** And those that it has sent. */
  #stdoutCame = 0;
  #stderrCame = 0;
  #asks: OpenAsks | undefined;
  /** Of a frame that came in parts. */
  #decoder: FrameDecoder | undefined;
  /** Frames that are not sent yet, in pieces. */
  #unsent: readonly Uint8Array[];
  /** Bytes of the call's own frame that are not sent yet; not counted where all of them are copies. */
  #owed = 0;
  #credit: number = sessionLimits.requestCredit;
  #over = false;
  #settle!: { resolve(result: StreamResult): void; reject(error: Error): void };

  constructor(options: StreamCallOptions) {
    this.#options = options;
    this.result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.stream = options.session.newStream(this);
    this.#unsent = options.frame;
    if (options.source.isPinned) this.#owed = frameBytes(options.frame[0]!);
    options.session.send(packetKinds.open, this.stream, encodeOpen(options.route, this.#take()));
    if (!this.#isCutOff()) this.#sendMore();
    options.stdout.begin(this, options.outputLimit);
    options.stderr.begin(this, options.outputLimit);
  }

  get session(): Session {
    return this.#options.session;
  }

  grant(output: CallOutput, bytes: number): void {
    if (this.#over) return;
    const { session, stdout } = this.#options;
    if (output === stdout) this.#stdoutAllowed += bytes;
    else this.#stderrAllowed += bytes;
    session.send(packetKinds.credit, this.stream, [output === stdout ? encodeCredit(bytes, 0) : encodeCredit(0, bytes)]);
  }

  mute(output: CallOutput): void {
    if (this.#over) return;
    const { session, stdout } = this.#options;
    session.send(packetKinds.mute, this.stream, [], { flags: output === stdout ? packetFlags.muteStdout : packetFlags.muteStderr });
  }

  cancel(): void {
    if (!this.#over) this.#options.session.send(packetKinds.cancel, this.stream, []);
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
      this.#options.source.check();
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
      if (!this.#options.session.send(packetKinds.data, this.stream, parts)) return;
    }
    if (this.#unsent.length > 0) return;
    this.#asks?.sent();
  }

  drained(): void {
    if (!this.#over) this.#sendMore();
  }

  packet(packet: Packet): void {
    this.isTaken = true;
    const { stdout, stderr } = this.#options;
    switch (packet.kind) {
      case packetKinds.stdout:
        this.#stdoutCame += packet.payload.length;
        this.#stdoutAllowed -= packet.payload.length;
        if (this.#stdoutAllowed < 0) throw beyondCredit();
        stdout.feed(packet.payload, this);
        break;
      case packetKinds.stderr:
        this.#stderrCame += packet.payload.length;
        this.#stderrAllowed -= packet.payload.length;
        if (this.#stderrAllowed < 0) throw beyondCredit();
        stderr.feed(packet.payload, this);
        break;
      case packetKinds.totals:
        stdout.missed(Math.max(0, decodeCount(packet.payload, 0) - this.#stdoutCame));
        stderr.missed(Math.max(0, decodeCount(packet.payload, 8) - this.#stderrCame));
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
      if ((packet.flags & packetFlags.last) !== 0 && packet.isLast && !this.#over)
        throw new ProtocolError("protocol-error", "the host's answer has no result");
    } catch (error) {
      if (error instanceof HostExcess) throw error;
      this.#fail(error);
    }
  }

  /** Its function may wait for the answer to a question that could not be read or answered, and would keep its worker for ever. */
  #fail(error: unknown): void {
    if (this.#over) return;
    this.cancel();
    this.#end();
    this.#settle.reject(error instanceof Error ? error : new Error(String(error)));
  }

  #frame(frame: DecodedFrame, packet: Packet): void {
    const message = checkSessionMessage(frame.header, "result", "ask");
    const attachments = new Attachments(frame.attachments);
    if (message.type === "ask") return this.#ask(message, attachments, frame.bytes);
    this.#end();
    this.#settle.resolve({ message, attachments, worker: packet.worker, bytes: frame.bytes });
  }

  #ask(message: AskMessage, attachments: Attachments, bytes: number): void {
    const excess = (this.#asks ??= new OpenAsks(this.#options.session.asks)).add(bytes);
    if (excess !== undefined) throw tooMuch(excess);
    this.#answer(message, attachments, bytes).catch((error: unknown) => this.#fail(error));
  }

  async #answer(message: AskMessage, attachments: Attachments, bytes: number): Promise<void> {
    const answer = await this.#options.answer(message, attachments);
    if (this.#over) return; // the function did not wait for it
    this.#asks?.answered(bytes);
    this.#reply(answer);
  }

  #reply(answer: readonly Uint8Array[]): void {
    this.#unsent = [...this.#unsent, ...answer];
    this.#sendMore();
  }

  #end(): void {
    this.#over = true;
    this.#unsent = nothing;
    this.#asks?.end();
    this.#options.session.forget(this.stream);
  }

  lost(error: SremoteError, reached: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#settle.reject(new StreamLost(error, reached));
  }
}

/** The length that a frame's first piece states. */
function frameBytes(head: Uint8Array): number {
  return prefixBytes + peekPrefix(head).body + checksumBytes;
}

/** The host breaks the rules of flow, and so ends its session; not an answer that is too large, which costs its own call only. */
class HostExcess extends ProtocolError {}

function beyondCredit(): HostExcess {
  return tooMuch("sent more output than it was given credit for");
}

function tooMuch(what: string): HostExcess {
  return new HostExcess("limit-exceeded", `the host ${what}`);
}

/** One whole frame without attachments, which may be decoded where it lies: views of attachments would need its bytes aligned. */
function isSmallFrame(payload: Uint8Array): boolean {
  if (payload.length < prefixBytes + checksumBytes) return false;
  const { attachments, body } = peekPrefix(payload);
  return attachments === 0 && payload.length === prefixBytes + body + checksumBytes;
}
