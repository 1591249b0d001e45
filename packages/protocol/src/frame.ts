/* The container of PROTOCOL.md, section "Frame": prefix, attachment lengths, header, attachments, checksum. */
import { crc32, crc32OfHead } from "./crc32.ts";
import { bytesOf } from "./dtype.ts";
import { ProtocolError } from "./error.ts";
import { parseHeader } from "./header.ts";
import { putNumber, takeNumber } from "./integer.ts";
import { checkHeaderMemory } from "./json-memory.ts";
import { limits } from "./limits.ts";
import { allocate } from "./slab.ts";

export const magic: Uint8Array = Uint8Array.of(0x89, 0x53, 0x52, 0x4d);
export const containerVersion = 1;
export const prefixBytes = 24;
export const checksumBytes = 4;
/** Frames up to this size are made as one chunk: one write costs less than copying this much. */
const oneChunkBytes = 65_536;

/**
 * The memory of a frame is taken in at most three steps, a later one when the earlier is full: the other side says how long a frame is, and need not
 * send it. The last step is for all of it. Each step copies what has come, and many steps of growing size cost as much as the checksum. The system
 * gives pages when they are written to, so what has not come takes none.
 */
export const allocatedFirst = 262_144;
const allocatedThen = 4_194_304;

export interface DecodedFrame {
  header: Record<string, unknown>;
  /** Views of the frame's own buffer, each at a multiple of 8 from the frame's start. */
  attachments: Uint8Array[];
  /** How deep the header's JSON nests. */
  depth: number;
  /** Of the body: header and attachments. */
  bytes: number;
}

export interface FrameOptions {
  /** The receiver's own limit of the body, in bytes; default 1 GiB. */
  maxBody?: number | undefined;
}

export interface Prefix {
  attachments: number;
  header: number;
  body: number;
}

const utf8 = new TextEncoder();
/** Where short headers are encoded, to be copied into their frame at once. */
const scratch = new Uint8Array(6144);

/** UTF-8, good until the next call. */
function encoded(text: string): Uint8Array {
  if (text.length * 3 > scratch.length) return utf8.encode(text);
  return scratch.subarray(0, utf8.encodeInto(text, scratch).written);
}

/**
 * The frame as chunks to be written one after the other. Attachments are not copied, so they must not change before they are written;
 * a frame up to 64 KiB is one chunk.
 * @param headerJson as JSON.stringify makes it, which escapes lone surrogates
 * @throws ProtocolError `limit-exceeded`
 */
export function encodeFrame(headerJson: string, attachments: readonly Uint8Array[] = []): Uint8Array[] {
  const header = encoded(headerJson);
  const count = attachments.length;
  if (count > limits.attachments) throw tooMuch(`${count} attachments`, limits.attachments);
  if (header.length > limits.header) throw tooMuch(`a header of ${header.length} bytes`, limits.header);
  checkHeaderMemory(header);
  let body = 8 * count + padded(header.length);
  for (const attachment of attachments) body += padded(attachment.length);
  if (body > limits.body) throw tooMuch(`a body of ${body} bytes`, limits.body);

  const frameBytes = prefixBytes + body + checksumBytes;
  const inOne = frameBytes <= oneChunkBytes;
  const head = allocate(inOne ? frameBytes : prefixBytes + 8 * count + padded(header.length));
  writePrefix(head, { attachments: count, header: header.length, body });
  let at = prefixBytes;
  for (const attachment of attachments) {
    putNumber(head, at, attachment.length); // A length is below 2^31, so the upper half stays zero.
    at += 8;
  }
  head.set(header, at);
  at += padded(header.length);

  if (inOne) {
    for (const attachment of attachments) {
      head.set(attachment, at);
      at += padded(attachment.length);
    }
    putNumber(head, at, crc32(head.subarray(prefixBytes, at)));
    return [head];
  }

  const chunks: Uint8Array[] = [head];
  let checksum = crc32(head.subarray(prefixBytes));
  for (const attachment of attachments) {
    if (attachment.length === 0) continue;
    chunks.push(attachment);
    checksum = crc32(attachment, checksum);
    const padding = padded(attachment.length) - attachment.length;
    if (padding > 0) {
      const zeros = new Uint8Array(padding);
      chunks.push(zeros);
      checksum = crc32(zeros, checksum);
    }
  }
  const last = new Uint8Array(checksumBytes);
  putNumber(last, 0, checksum);
  chunks.push(last);
  return chunks;
}

function writePrefix(head: Uint8Array, prefix: Prefix): void {
  head.set(magic, 0);
  head[4] = containerVersion;
  head[5] = 0;
  head[6] = prefix.attachments & 255;
  head[7] = prefix.attachments >>> 8;
  putNumber(head, 8, prefix.header);
  putNumber(head, 12, prefix.body); // At most 2^30; the upper half stays zero.
  putNumber(head, 20, crc32OfHead(head, 20));
}

/**
 * Read exactly one frame with nothing before or after it.
 * @throws ProtocolError `protocol-error`, `protocol-mismatch` or `limit-exceeded`
 */
export function decodeFrame(input: Uint8Array, options: FrameOptions = {}): DecodedFrame {
  // A plain view: parts of a Buffer would be Buffers.
  const bytes = bytesOf(input);
  checkMagic(bytes);
  if (bytes.length < prefixBytes) throw truncated();
  const prefix = readPrefix(bytes, options);
  const frameBytes = prefixBytes + prefix.body + checksumBytes;
  if (bytes.length < frameBytes) throw truncated();
  if (bytes.length > frameBytes) throw refuse(`${bytes.length - frameBytes} bytes after the end`);
  return readBody(prefix, bytes.subarray(prefixBytes));
}

/** Check the prefix at the beginning of `bytes`, in the order of the specification, before anything else is read or allocated. */
export function readPrefix(bytes: Uint8Array, options: FrameOptions = {}): Prefix {
  checkMagic(bytes);
  if (crc32OfHead(bytes, 20) !== takeNumber(bytes, 20)) throw refuse("the checksum of the prefix is wrong");
  const version = bytes[4];
  if (version !== containerVersion) {
    throw new ProtocolError("protocol-mismatch", `frame: container version ${version}, this side reads ${containerVersion}`);
  }
  if (bytes[5] !== 0) throw refuse("unknown flags");
  const attachments = bytes[6]! | (bytes[7]! << 8);
  const header = takeNumber(bytes, 8);
  const body = takeNumber(bytes, 16) * 2 ** 32 + takeNumber(bytes, 12);
  if (attachments > limits.attachments) throw tooMuch(`${attachments} attachments`, limits.attachments);
  if (header > limits.header) throw tooMuch(`a header of ${header} bytes`, limits.header);
  const maxBody = Math.min(options.maxBody ?? limits.body, limits.body);
  if (body > maxBody) throw tooMuch(`a body of ${body} bytes`, maxBody);
  if (header < 2) throw refuse("a header too short for an object");
  return { attachments, header, body };
}

/**
 * The next step of a frame's memory, with what is there.
 * @throws ProtocolError `limit-exceeded` where the system, or a limit of this process, has no room for it
 */
export function enlarge(bytes: Uint8Array, whole: number): Uint8Array {
  const length = bytes.length < allocatedThen ? Math.min(whole, allocatedThen) : whole;
  let larger: Uint8Array;
  try {
    larger = new Uint8Array(length);
  } catch (cause) {
    throw new ProtocolError("limit-exceeded", `frame: no memory for ${length} bytes`, { cause });
  }
  larger.set(bytes);
  return larger;
}

/** What a prefix says, unchecked. */
export function peekPrefix(bytes: Uint8Array): Prefix {
  return {
    attachments: bytes[6]! | (bytes[7]! << 8),
    header: takeNumber(bytes, 8),
    body: takeNumber(bytes, 16) * 2 ** 32 + takeNumber(bytes, 12),
  };
}

/** @param bytes the body followed by its checksum; @param checksum that of the body, where it is known already */
export function readBody(prefix: Prefix, bytes: Uint8Array, checksum?: number): DecodedFrame {
  const body = bytes.subarray(0, prefix.body);
  if ((checksum ?? crc32(body)) !== takeNumber(bytes, prefix.body)) throw refuse("the checksum of the body is wrong");

  const headerAt = 8 * prefix.attachments;
  let at = headerAt + padded(prefix.header);
  if (at > prefix.body) throw refuse("the lengths do not add up to the body");
  const spans: [from: number, to: number][] = [];
  for (let index = 0; index < prefix.attachments; index++) {
    const length = takeNumber(bytes, 8 * index + 4) * 2 ** 32 + takeNumber(bytes, 8 * index);
    if (length > prefix.body - at) throw refuse("the lengths do not add up to the body");
    spans.push([at, at + length]);
    at += padded(length);
  }
  if (at !== prefix.body) throw refuse("the lengths do not add up to the body");

  const header = body.subarray(headerAt, headerAt + prefix.header);
  checkPadding(body, headerAt + prefix.header);
  for (const span of spans) checkPadding(body, span[1]);
  return { ...parseHeader(header), attachments: spans.map(([from, to]) => body.subarray(from, to)), bytes: prefix.body };
}

/** Zero bytes stand from `at` to the next multiple of 8. */
function checkPadding(body: Uint8Array, at: number): void {
  for (const end = padded(at); at < end; at++) if (body[at] !== 0) throw refuse("padding that is not zero");
}

/** Refuse as soon as one byte is wrong: what is not ours is told from the first byte on. */
export function checkMagic(bytes: Uint8Array): void {
  const known = Math.min(bytes.length, magic.length);
  for (let at = 0; at < known; at++) if (bytes[at] !== magic[at]) throw refuse("not a frame (wrong magic)");
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}

export function truncated(): ProtocolError {
  return refuse("truncated");
}

function refuse(what: string): ProtocolError {
  return new ProtocolError("protocol-error", `frame: ${what}`);
}

function tooMuch(what: string, limit: number): ProtocolError {
  return new ProtocolError("limit-exceeded", `frame: ${what}, the limit is ${limit}`);
}
