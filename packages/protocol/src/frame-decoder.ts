import { crc32 } from "./crc32.ts";
import { ProtocolError } from "./error.ts";
import {
  allocatedFirst,
  checksumBytes,
  checkMagic,
  enlarge,
  peekPrefix,
  prefixBytes,
  readBody,
  readPrefix,
  truncated,
  type DecodedFrame,
  type FrameOptions,
  type Prefix,
} from "./frame.ts";

/** Bytes whose checksum is taken at once. */
const portion = 262_144;
/**
 * Frames out of a stream of bytes cut anywhere. Call `next` until it gives undefined after each `push`, and `end` when the stream has ended.
 * Each byte is copied once, into the buffer of its frame, which is allocated only when the prefix has been checked; the first 4 MiB of a larger one a second time.
 * After an error every further use throws that error: where the next frame begins cannot be known.
 */
export class FrameDecoder {
  readonly #options: FrameOptions;
  #queue: Uint8Array[] = [];
  /** Chunks of the queue that were used up; they are dropped together, since removing each from the front would be quadratic. */
  #used = 0;
  /** Bytes of the chunk at `#used` that were taken already. */
  #taken = 0;
  /** The prefix of a frame that came in pieces, or has attachments. */
  #head: Uint8Array | undefined;
  #headFilled = 0;
  #prefix: Prefix | undefined;
  #body: Uint8Array = new Uint8Array(0);
  #bodyFilled = 0;
  /** The checksum of the body so far: of a large one it is taken while the rest is on its way. */
  #checksum = 0;
  #checked = 0;
  #failure: ProtocolError | undefined;

  constructor(options: FrameOptions = {}) {
    this.#options = options;
  }

  /** Give the next bytes. They must not change until `next` has given undefined. */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (chunk.length > 0) this.#queue.push(chunk);
  }

  /** The next whole frame, or undefined when more bytes are needed. @throws ProtocolError */
  next(): DecodedFrame | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#advance();
    } catch (error) {
      if (error instanceof ProtocolError) this.#failure = error;
      this.#queue = [];
      throw error;
    }
  }

  /** The stream has ended. @throws ProtocolError "truncated" when it ended within a frame */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#queue.length > 0 || this.#headFilled > 0) {
      this.#failure = truncated();
      throw this.#failure;
    }
  }

  #advance(): DecodedFrame | undefined {
    if (this.#prefix === undefined) {
      const whole = this.#headFilled === 0 ? this.#takeWhole() : undefined;
      if (whole !== undefined) return whole;
      this.#head ??= new Uint8Array(prefixBytes);
      this.#headFilled = this.#fill(this.#head, this.#headFilled);
      checkMagic(this.#head.subarray(0, this.#headFilled));
      if (this.#headFilled < prefixBytes) return undefined;
      this.#prefix = readPrefix(this.#head, this.#options);
      this.#body = new Uint8Array(Math.min(this.#prefix.body + checksumBytes, allocatedFirst));
      this.#bodyFilled = 0;
      this.#checksum = this.#checked = 0;
    }
    const { body } = this.#prefix;
    this.#fillBody(body + checksumBytes);
    const end = Math.min(this.#bodyFilled, body);
    if (end - this.#checked >= portion || this.#bodyFilled === body + checksumBytes) {
      this.#checksum = crc32(this.#body.subarray(this.#checked, end), this.#checksum);
      this.#checked = end;
    }
    if (this.#bodyFilled < body + checksumBytes) return undefined;
    const frame = readBody(this.#prefix, this.#body, this.#checksum);
    this.#prefix = undefined;
    this.#headFilled = 0;
    this.#body = new Uint8Array(0);
    return frame;
  }

  /** Most frames of calls have no attachments and lie in one chunk: nothing of them is kept, so nothing is copied. */
  #takeWhole(): DecodedFrame | undefined {
    const chunk = this.#queue[this.#used];
    if (chunk === undefined || chunk.length - this.#taken < prefixBytes) return undefined;
    const bytes = chunk.subarray(this.#taken);
    if (peekPrefix(bytes).attachments !== 0) return undefined;
    const prefix = readPrefix(bytes, this.#options);
    const length = prefixBytes + prefix.body + checksumBytes;
    if (bytes.length < length) return undefined;
    this.#pass(chunk, length);
    this.#drop();
    return readBody(prefix, bytes.subarray(prefixBytes, length));
  }

  #fillBody(whole: number): void {
    for (;;) {
      this.#bodyFilled = this.#fill(this.#body, this.#bodyFilled);
      if (this.#bodyFilled < this.#body.length || this.#body.length === whole) return;
      this.#body = enlarge(this.#body, whole);
    }
  }

  /** Move bytes from the queue into `target` from `filled` on; returns how far it is filled now. */
  #fill(target: Uint8Array, filled: number): number {
    while (filled < target.length && this.#used < this.#queue.length) {
      const chunk = this.#queue[this.#used]!;
      const part = chunk.subarray(this.#taken, this.#taken + target.length - filled);
      target.set(part, filled);
      filled += part.length;
      this.#pass(chunk, part.length);
    }
    this.#drop();
    return filled;
  }

  /** So many more bytes of the chunk at `#used` are taken. */
  #pass(chunk: Uint8Array, length: number): void {
    this.#taken += length;
    if (this.#taken < chunk.length) return;
    this.#taken = 0;
    this.#used++;
  }

  #drop(): void {
    if (this.#used > 0 && this.#used * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#used);
      this.#used = 0;
    }
  }
}
