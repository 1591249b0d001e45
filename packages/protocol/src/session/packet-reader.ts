import { crc32, crc32OfHead } from "../crc32.ts";
import { ProtocolError } from "../error.ts";
import { takeNumber } from "../integer.ts";
import { packetKinds, payloadLengths, sessionLimits, splitOpen, type Packet, type PacketKind } from "./packet.ts";

export interface PacketReaderOptions {
  /** Gives the payload of `data` packets in pieces, as it comes, so that bulk data is not copied once more. */
  pieces?: boolean | undefined;
}

const kinds: ReadonlySet<number> = new Set(Object.values(packetKinds));
const { packetHead, packetPayload } = sessionLimits;

/**
 * Packets out of a stream of bytes cut anywhere. Call `next` until it gives undefined after each `push`.
 * A packet that lies whole in one chunk is a view of it; others are put together in a buffer of their own. After an error the link is of no use any more.
 */
export class PacketReader {
  readonly #pieces: boolean;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** A packet that began in an earlier chunk: its head at least, then as long as it is. */
  #partial: Uint8Array | undefined;
  #filled = 0;
  /** A `data` packet that is given in pieces, and how much of it is to come. */
  #running: Packet | undefined;
  #left = 0;

  constructor(options: PacketReaderOptions = {}) {
    this.#pieces = options.pieces ?? false;
  }

  /** Give the next bytes. They must not change as long as a packet made of them is in use. `next` must have given undefined before. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Whether a packet has begun and is not whole: where the input ends so, it was cut. */
  get isWithin(): boolean {
    return this.#partial !== undefined || this.#running !== undefined;
  }

  /** @throws ProtocolError for a wrong checksum, length or kind */
  next(): Packet | undefined {
    if (this.#running !== undefined) return this.#piece(this.#running, false);
    if (this.#partial !== undefined) return this.#resume(this.#partial);
    const left = this.#chunk.length - this.#at;
    if (left === 0) return undefined;
    if (left < packetHead) return this.#keep(packetHead, left);
    const length = checkedLength(this.#chunk, this.#at);
    if (left < packetHead + length) {
      if (!this.#isInPieces(this.#chunk, this.#at)) {
        checkHead(this.#chunk.subarray(this.#at, this.#at + packetHead), length);
        return this.#keep(packetHead + length, left);
      }
      const head = this.#chunk.subarray(this.#at, this.#at + packetHead);
      this.#at += packetHead;
      return this.#begin(head, length);
    }
    const bytes = this.#chunk.subarray(this.#at, this.#at + packetHead + length);
    this.#at += packetHead + length;
    return readPacket(bytes);
  }

  #isInPieces(head: Uint8Array, at: number): boolean {
    return this.#pieces && head[at + 4] === packetKinds.data;
  }

  #begin(head: Uint8Array, length: number): Packet | undefined {
    this.#running = { ...readPacket(head), length };
    this.#left = length;
    return this.#piece(this.#running, true);
  }

  #piece(packet: Packet, isFirst: boolean): Packet | undefined {
    const payload = this.#chunk.subarray(this.#at, this.#at + this.#left);
    if (payload.length === 0 && !isFirst) return undefined;
    this.#at += payload.length;
    this.#left -= payload.length;
    const isLast = this.#left === 0;
    if (isLast) this.#running = undefined;
    return { ...packet, payload, bytes: payload, isFirst, isLast };
  }

  /** The rest of the chunk is the beginning of a packet of which so many bytes are known to come. */
  #keep(expected: number, left: number): undefined {
    this.#partial = new Uint8Array(expected);
    this.#partial.set(this.#chunk.subarray(this.#at));
    this.#filled = left;
    this.#at = this.#chunk.length;
    return undefined;
  }

  #resume(partial: Uint8Array): Packet | undefined {
    if (!this.#fill(partial)) return undefined;
    let whole = partial;
    if (partial.length === packetHead) {
      const length = checkedLength(partial, 0);
      if (length > 0) {
        if (this.#isInPieces(partial, 0)) {
          this.#partial = undefined;
          return this.#begin(partial, length);
        }
        checkHead(partial, length);
        whole = new Uint8Array(packetHead + length);
        whole.set(partial);
        this.#partial = whole;
        if (!this.#fill(whole)) return undefined;
      }
    }
    this.#partial = undefined;
    return readPacket(whole);
  }

  #fill(target: Uint8Array): boolean {
    const part = this.#chunk.subarray(this.#at, this.#at + target.length - this.#filled);
    target.set(part, this.#filled);
    this.#filled += part.length;
    this.#at += part.length;
    return this.#filled === target.length;
  }
}

/** The length in a head: one that no packet has is refused before anything is kept for it. */
function checkedLength(bytes: Uint8Array, at: number): number {
  const length = takeNumber(bytes, at);
  if (length > packetPayload) throw damaged(`a length of ${length} bytes`);
  return length;
}

/** What a head alone tells, before its payload is waited for: a damaged length would have the reader take what follows for payload, for long. */
function checkHead(head: Uint8Array, length: number): void {
  const kind = head[4]!;
  if (kind === packetKinds.data) return checkSum(head, crc32OfHead(head, 12));
  checkKind(kind, length);
}

function checkSum(head: Uint8Array, checksum: number): void {
  if (checksum !== takeNumber(head, 12)) throw damaged("a wrong checksum");
}

function checkKind(kind: number, length: number): void {
  if (!kinds.has(kind)) throw damaged(`the kind ${kind}`);
  if (payloadLengths.get(kind)?.includes(length) === false) throw damaged(`the kind ${kind} and ${length} bytes`);
}

/** @param bytes head and payload; of a `data` packet the head alone will do, since its checksum covers no more */
function readPacket(bytes: Uint8Array): Packet {
  const kind = bytes[4]!;
  const payload = bytes.subarray(packetHead);
  let checksum = crc32OfHead(bytes, 12);
  if (kind !== packetKinds.data) checksum = crc32(payload, checksum);
  checkSum(bytes, checksum);
  checkKind(kind, payload.length);
  if (kind === packetKinds.open && splitOpen(payload) === undefined) throw damaged("a route longer than itself");
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one of the set, see above
    kind: kind as PacketKind,
    flags: bytes[5]!,
    worker: bytes[6]! | (bytes[7]! << 8),
    stream: takeNumber(bytes, 8),
    payload,
    bytes,
    length: payload.length,
    isFirst: true,
    isLast: true,
  };
}

function damaged(how: string): ProtocolError {
  return new ProtocolError("protocol-error", `the link carried a packet with ${how}`);
}
