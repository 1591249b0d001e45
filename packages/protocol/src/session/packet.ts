/* The packets of a session: SESSION.md, section "Packet". */
import { crc32, crc32OfHead } from "../crc32.ts";
import { putNumber, takeNumber } from "../integer.ts";
import { allocate } from "../slab.ts";

/** Kinds of packets, by name. From `open` on they are counted. */
export const packetKinds = {
  hello: 1,
  welcome: 2,
  resume: 3,
  challenge: 4,
  ping: 5,
  pong: 6,
  ack: 7,
  bye: 8,
  proof: 9,
  open: 16,
  data: 17,
  stdout: 18,
  stderr: 19,
  credit: 20,
  cancel: 21,
  mute: 22,
  totals: 23,
} as const;

export type PacketKind = (typeof packetKinds)[keyof typeof packetKinds];

/** How long the payload of a kind may be, where not anything goes. */
export const payloadLengths: ReadonlyMap<number, readonly number[]> = new Map([
  [packetKinds.ping, [8]],
  [packetKinds.pong, [8]],
  [packetKinds.ack, [8]],
  [packetKinds.credit, [4, 8]],
  [packetKinds.cancel, [0]],
  [packetKinds.mute, [0]],
  [packetKinds.totals, [16]],
]);

/** Flags of a `data` from the host, and of a `mute`. */
export const packetFlags = { last: 1, holds: 2, fresh: 4, muteStdout: 1, muteStderr: 2 } as const;

/** Sizes in bytes, as SESSION.md states them. */
export const sessionLimits = {
  packetHead: 16,
  packetPayload: 1_048_576,
  /**
   * What this implementation puts into one packet of bulk data: small enough that others get through between two of them, and with its head
   * as long as two packets of SSH (32 KiB each is what OpenSSH and ssh2 take).
   */
  dataPayload: 65_520,
  /** Bytes of a stream's frames that may be sent before the host gives credit. */
  requestCredit: 65_536,
  /** Bytes that the host grants when a worker has taken the call. */
  runningCredit: 4_194_304,
  /** Bytes of stdout, and of stderr, before the client gives credit. */
  outputCredit: 262_144,
  /** Counted bytes from the host that may be without acknowledgement. */
  unacknowledged: 4_194_304,
  ackPackets: 256,
  ackBytes: 262_144,
  workers: 1024,
} as const;

export interface Packet {
  readonly kind: PacketKind;
  readonly flags: number;
  /** Number of the worker it comes from; 0 for none. */
  readonly worker: number;
  readonly stream: number;
  readonly payload: Uint8Array;
  /** The packet as it came, head and payload. */
  readonly bytes: Uint8Array;
  /** Length of the whole payload; with a reader that gives `data` in pieces more than `payload` may have. */
  readonly length: number;
  /** Whether this piece is the first of its packet, and the last. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

export interface PacketOptions {
  flags?: number | undefined;
  worker?: number | undefined;
}

/** Up to this size a payload is copied behind its head: one write costs less than copying this much. */
const oneChunkBytes = 16_384;
const noBytes = new Uint8Array(0);

export function isCounted(kind: number): boolean {
  return kind >= packetKinds.open;
}

/**
 * A packet as chunks to be written one after the other: one where the payload is small, else the head and the payload itself, which must not change.
 * @param payload its parts, written one after the other
 */
export function encodePacket(kind: PacketKind, stream: number, payload: readonly Uint8Array[], options: PacketOptions = {}): Uint8Array[] {
  let length = 0;
  for (const part of payload) length += part.length;
  if (length > sessionLimits.packetPayload) throw new RangeError(`a packet of ${length} bytes`);
  const inOne = length <= oneChunkBytes;
  const { packetHead } = sessionLimits;
  const head = allocate(inOne ? packetHead + length : packetHead);
  putNumber(head, 0, length);
  head[4] = kind;
  head[5] = options.flags ?? 0;
  head[6] = (options.worker ?? 0) & 255;
  head[7] = (options.worker ?? 0) >>> 8;
  putNumber(head, 8, stream);
  if (inOne) {
    let at: number = packetHead;
    for (const part of payload) {
      head.set(part, at);
      at += part.length;
    }
  }
  let checksum = crc32OfHead(head, 12);
  if (kind !== packetKinds.data) {
    if (inOne) checksum = crc32(head.subarray(packetHead), checksum);
    else for (const part of payload) checksum = crc32(part, checksum);
  }
  putNumber(head, 12, checksum);
  return inOne ? [head] : [head, ...payload];
}

/** Payload of `ping`, `pong` and `ack`. */
export function encodeCount(count: number): Uint8Array {
  const bytes = new Uint8Array(8);
  putNumber(bytes, 0, count % 2 ** 32);
  putNumber(bytes, 4, Math.floor(count / 2 ** 32));
  return bytes;
}

/** The number in a payload of eight bytes at `at`; NaN where there are not so many. */
export function decodeCount(payload: Uint8Array, at = 0): number {
  if (payload.length < at + 8) return Number.NaN;
  return takeNumber(payload, at) + takeNumber(payload, at + 4) * 2 ** 32;
}

/** Payload of `credit`: one number from the host, stdout and stderr from the client. */
export function encodeCredit(...bytes: number[]): Uint8Array {
  const payload = new Uint8Array(4 * bytes.length);
  for (const [index, each] of bytes.entries()) putNumber(payload, 4 * index, each);
  return payload;
}

export function decodeCredit(payload: Uint8Array, index = 0): number {
  return payload.length < 4 * index + 4 ? Number.NaN : takeNumber(payload, 4 * index);
}

const utf8 = new TextEncoder();

/** Payload of `open`: the route as JSON, or no text for the default, then the first bytes of the `invoke` frame. */
export function encodeOpen(route: string, frame: readonly Uint8Array[]): Uint8Array[] {
  if (route === "") return [new Uint8Array(2), ...frame];
  const text = utf8.encode(route);
  if (text.length > 65_535) throw new RangeError(`a route of ${text.length} bytes`);
  return [Uint8Array.of(text.length & 255, text.length >>> 8), text, ...frame];
}

/** The route's bytes in an `open`, and what follows; undefined where the payload is too short for it. */
export function splitOpen(payload: Uint8Array): { route: Uint8Array; frame: Uint8Array } | undefined {
  if (payload.length < 2) return undefined;
  const length = payload[0]! | (payload[1]! << 8);
  if (payload.length < 2 + length) return undefined;
  return { route: length === 0 ? noBytes : payload.subarray(2, 2 + length), frame: payload.subarray(2 + length) };
}
