/* Frames between the client and the host's program: see WIRE.md, and python/transfer_wire.py for the other end. */
import { hostLimits, MarkerScanner, parseForeignJson, ProtocolError } from "@sremote/protocol";
import { type MessageType, messages } from "./message.ts";

const headBytes = 5;
/** Chunks of together no more than this are joined. */
const joinedBytes = 8192;
/** A listing of 500 names of 4 KiB, written as escapes, fits into it. */
const longest = hostLimits.transferFrame;

export interface Frame {
  /** One of `messages`, unless the host sent another. */
  readonly kind: string;
  readonly payload: Buffer;
}

export function encodeFrame(kind: MessageType, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([frameHead(kind, length), ...parts], headBytes + length);
}

export function encodeJson(kind: MessageType, value: unknown): Buffer {
  return encodeFrame(kind, Buffer.from(JSON.stringify(value)));
}

/** Many small files in one frame: what they are, then their content. */
export function encodeBatch(kind: MessageType, head: unknown, parts: readonly Uint8Array[]): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(json.length);
  return encodeFrame(kind, length, json, ...parts);
}

export function decodeBatch(payload: Buffer): { head: unknown; content: Buffer } {
  const length = payload.length < 4 ? Infinity : payload.readUInt32LE();
  if (4 + length > payload.length) throw new ProtocolError("protocol-error", "a batch that is longer than its frame");
  return { head: decodeJson(payload.subarray(4, 4 + length)), content: payload.subarray(4 + length) };
}

export function decodeJson(payload: Buffer): unknown {
  return parseForeignJson(payload, "a frame of the host's program");
}

/** Frames of ours that were encoded one or more to a buffer. */
export function* decodeFrames(parts: Iterable<Uint8Array>): Generator<Frame> {
  for (const part of parts) {
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.length);
    for (let at = 0; at < bytes.length;) {
      const start = at + headBytes;
      const end = start + bytes.readUInt32LE(at + 1);
      yield { kind: String.fromCharCode(bytes[at]!), payload: bytes.subarray(start, end) };
      at = end;
    }
  }
}

/** The frame that was encoded, as it would come from the host's program. */
export function frameOf(encoded: Uint8Array): Frame {
  return decodeFrames([encoded]).next().value as Frame;
}

/** A buffer to read a chunk of a file into, with room for the head of its frame in front; {@link frameChunk} makes a frame of it. */
export function chunkBuffer(size: number): Buffer {
  return Buffer.allocUnsafeSlow(headBytes + size);
}

/** Where the content of a chunk goes. */
export function contentOf(whole: Buffer): Buffer {
  return whole.subarray(headBytes);
}

export function frameChunk(whole: Buffer, length: number): Buffer {
  writeHead(whole, messages.data, length);
  return whole.subarray(0, headBytes + length);
}

function frameHead(kind: MessageType, length: number): Buffer {
  const head = Buffer.allocUnsafe(headBytes);
  writeHead(head, kind, length);
  return head;
}

function writeHead(into: Buffer, kind: MessageType, length: number): void {
  into.write(kind, 0, 1, "latin1");
  into.writeUInt32LE(length, 1);
}

/**
 * Frames out of chunks as they come. The content of files (`D`) is handed on piece by piece, without being put together;
 * what comes before the marker is noise of login files.
 */
export class FrameReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #parts: Buffer[] = [];
  #held = 0;
  /** Bytes of a `D` frame that are still to come. */
  #content = 0;
  readonly #scanner: MarkerScanner;
  #found = false;

  /** @param marker what the host's program prints first */
  constructor(chunks: AsyncIterable<Buffer>, marker: string) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#scanner = new MarkerScanner(Buffer.from(marker));
  }

  /** Waits for the marker; the letter behind it, or undefined when the output ends without. */
  async start(): Promise<string | undefined> {
    for (;;) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return undefined;
      const behind = this.#scanner.push(value);
      if (this.#scanner.noiseBytes > hostLimits.noise)
        throw new ProtocolError("limit-exceeded", `the host printed ${hostLimits.noise} bytes and did not start its part of the transfer`);
      if (behind === undefined || behind.length === 0) continue;
      this.#found = true;
      this.#add(Buffer.from(behind.buffer, behind.byteOffset + 1, behind.length - 1));
      return String.fromCharCode(behind[0]!);
    }
  }

  /** The next frame, or undefined at the end. Throws where the output ends within one. */
  async next(): Promise<Frame | undefined> {
    if (!this.#found) throw new Error("the marker comes first");
    if (this.#content > 0) return await this.#piece();
    if (!(await this.#fill(headBytes))) return this.#end();
    const head = this.#take(headBytes);
    const kind = String.fromCharCode(head[0]!);
    const length = head.readUInt32LE(1);
    if (kind === messages.data && length > 0) {
      this.#content = length;
      return await this.#piece();
    }
    if (length > longest) throw new ProtocolError("protocol-error", `the host sent a frame of ${length} bytes`);
    if (!(await this.#fill(length))) return this.#end(true);
    return { kind, payload: this.#take(length) };
  }

  async #piece(): Promise<Frame | undefined> {
    if (!(await this.#fill(1))) return this.#end(true);
    const first = this.#parts[0]!;
    const payload = this.#take(Math.min(first.length, this.#content));
    this.#content -= payload.length;
    return { kind: messages.data, payload };
  }

  #end(within = false): undefined {
    // Not a ProtocolError: most often the link is lost, which the process's end says.
    if (within || this.#held > 0) throw new Error("the host's answer ends within a frame");
    return undefined;
  }

  #add(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#held += chunk.length;
    const last = this.#parts.at(-1);
    // The host chooses how it cuts its answer: a million chunks of one byte would take a hundred times their bytes.
    if (last !== undefined && last.length + chunk.length <= joinedBytes) this.#parts[this.#parts.length - 1] = Buffer.concat([last, chunk]);
    else this.#parts.push(chunk);
  }

  async #fill(count: number): Promise<boolean> {
    while (this.#held < count) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return false;
      this.#add(value);
    }
    return true;
  }

  #take(count: number): Buffer {
    this.#held -= count;
    const first = this.#parts[0];
    if (first !== undefined && first.length > count) {
      this.#parts[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    if (first?.length === count) return this.#parts.shift()!;
    const taken = Buffer.allocUnsafe(count);
    for (let at = 0; at < count;) {
      const part = this.#parts[0]!;
      const length = Math.min(part.length, count - at);
      part.copy(taken, at, 0, length);
      at += length;
      if (length === part.length) this.#parts.shift();
      else this.#parts[0] = part.subarray(length);
    }
    return taken;
  }
}
