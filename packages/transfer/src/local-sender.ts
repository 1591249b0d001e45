/* The sending side on this machine: small files many to a frame, large ones in chunks, each with its SHA-256. */
import { hash as hashOf, type Hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import type { PathFailure } from "./entry.ts";
import { type FileDigest, inlineDigest, sharedDigest } from "./file-digest.ts";
import { chunkBuffer, contentOf, encodeBatch, encodeJson, frameChunk } from "./frame.ts";
import { openLocal } from "./local-hash.ts";
import { localFailure, native } from "./local-path.ts";
import { messages } from "./message.ts";
import type { Wanted } from "./new-file.ts";

/** Files up to this size are read whole. */
export const smallFile: number = 1 << 17;
/** The most of a file that says it is empty. */
const unsized = 1 << 22;
const batchBytes = 1 << 19;
const batchFiles = 256;
/** Of a large file where the host takes them quickly: fewer steps for as much. Otherwise a chunk is so much that progress is seen. */
const [largeChunk, smallChunk] = [1 << 20, 1 << 18];
/** From so many bytes in a millisecond on they are taken quickly. */
const quick = 20_000;

export interface Outgoing extends Wanted {
  readonly number: number;
  /** Relative to the destination. */
  readonly path: string;
  /** Where it is on this machine, and whether that may be a link. */
  readonly source: string;
  readonly follow: boolean;
  readonly size: number;
  /** Whether it may grow while it is read. */
  readonly growing: boolean;
  /** An unfinished file on the host, and the digest of as much of this one. */
  readonly from?: { readonly name: string; readonly length: number; readonly hash: Hash };
}

export interface Watch {
  readonly signal: AbortSignal;
  /** True when the host no longer takes input. */
  stopped(): boolean;
  sent(bytes: number): void;
  failed(failure: PathFailure): void;
}

export const changed = (path: string): PathFailure => ({ path, errno: "ECHANGED", message: "the file changed while it was read" });

/** The frames of these files, in the order of the list. Each may be overwritten as soon as the next is asked for. */
export async function* sendFrames(files: readonly Outgoing[], watch: Watch): AsyncGenerator<Buffer> {
  let heads: unknown[] = [];
  let parts: Buffer[] = [];
  let held = 0;
  const chunks = new Chunks();
  for (const file of files) {
    watch.signal.throwIfAborted();
    if (watch.stopped()) return;
    if (file.size > smallFile) {
      if (heads.length > 0) yield encodeBatch(messages.files, heads, parts);
      [heads, parts, held] = [[], [], 0];
      yield* sendLarge(file, chunks, watch);
      continue;
    }
    const data = readSmall(file, watch);
    if (data === undefined) continue;
    heads.push([file.number, file.path, data.length, hashOf("sha256", data, "hex"), file.mode, file.time]);
    parts.push(data);
    held += data.length;
    watch.sent(data.length);
    if (held < batchBytes && heads.length < batchFiles) continue;
    yield encodeBatch(messages.files, heads, parts);
    [heads, parts, held] = [[], [], 0];
    await setImmediate(); // Reading was synchronous; others have their turn here.
  }
  if (heads.length > 0) yield encodeBatch(messages.files, heads, parts);
}

function readSmall(file: Outgoing, watch: Watch): Buffer | undefined {
  const { path, source, follow, size, growing } = file;
  let fd: number | undefined;
  try {
    fd = openSync(native(source), constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW));
    const before = fstatSync(fd);
    const isPrefix = growing && (size > 0 || before.size > 0);
    const limit = isPrefix || size > 0 ? size : unsized;
    const data = readUpTo(fd, size, isPrefix ? limit : limit + 1);
    const isWhole = before.isFile() && fits(file, before) && (isPrefix ? data.length === size : data.length <= limit);
    // Where nothing has changed, the file says another size than it holds, as those of /proc and /sys do.
    if (isWhole && isSame(before, fstatSync(fd), growing)) return data;
    watch.failed(changed(path));
  } catch (error) {
    watch.failed(localFailure(path, error));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  return undefined;
}

export function isSame(before: Stats, after: Stats, growing: boolean): boolean {
  return (growing && after.size > before.size) || (before.size === after.size && before.mtimeMs === after.mtimeMs);
}

/** Whether a file is as it was listed, or has grown where that may be. */
export function fits({ size, growing }: Outgoing, found: { readonly size: number | bigint }): boolean {
  return Number(found.size) === size || (growing && Number(found.size) > size);
}

/** All of a small file, up to a limit; most hold as much as they say. */
function readUpTo(fd: number, size: number, limit: number): Buffer {
  let data = Buffer.allocUnsafe(Math.min(size + 1, limit));
  let length = 0;
  while (length < limit) {
    if (length === data.length) data = Buffer.concat([data], Math.min(limit, Math.max(4096, length * 2)));
    const read = readSync(fd, data, length, data.length - length, length);
    if (read === 0) break;
    length += read;
  }
  return data.subarray(0, length);
}

async function* sendLarge(file: Outgoing, chunks: Chunks, watch: Watch): AsyncGenerator<Buffer> {
  const { number, path, size, mode, time, from } = file;
  let handle;
  try {
    handle = await openLocal(file.source, file.follow);
  } catch (error) {
    watch.failed(localFailure(path, error));
    return;
  }
  let digest: FileDigest | undefined;
  try {
    const before = await handle.stat({ bigint: true });
    digest = from === undefined ? (sharedDigest(file.source, file.follow, before) ?? inlineDigest()) : inlineDigest(from.hash);
    let position = from?.length ?? 0;
    yield encodeJson(messages.file, [number, path, size, mode, time, from === undefined ? null : [from.name, from.length]]);
    // The next chunk is read while the last is sent.
    let next = chunks.read(handle, position, size);
    while (!watch.stopped()) {
      watch.signal.throwIfAborted();
      const { whole, length, error } = await next;
      if (error !== undefined) watch.failed(localFailure(path, error));
      if (error !== undefined || length === 0) break;
      position += length;
      next = chunks.read(handle, position, size);
      const frame = frameChunk(whole, length);
      digest.update(frame.subarray(frame.length - length));
      const start = performance.now();
      yield frame;
      chunks.taken(length, performance.now() - start);
      watch.sent(length);
    }
    const { error } = await next;
    const after = await handle.stat({ bigint: true });
    let failure = error === undefined ? changed(path) : undefined; // The error was told already.
    let sha256: string | undefined;
    const isSteady = before.size === after.size && before.mtimeNs === after.mtimeNs;
    if (position === size && fits(file, before) && (isSteady || (file.growing && after.size > before.size))) {
      try {
        sha256 = await digest.digest();
      } catch (reason) {
        failure = localFailure(path, reason);
      }
    }
    if (sha256 !== undefined) yield encodeJson(messages.fileEnd, sha256);
    else {
      yield encodeJson(messages.fileDropped, null);
      if (!watch.stopped() && failure !== undefined) watch.failed(failure);
    }
  } finally {
    await digest?.close();
    await handle.close();
  }
}

interface Chunk {
  readonly whole: Buffer;
  /** 0 at the end. */
  readonly length: number;
  readonly error?: unknown;
}

/** Two buffers in turn: what is read next has its place while the last is sent, and the collector has nothing to collect. */
class Chunks {
  readonly #buffers: Buffer[] = [];
  #turn = 0;
  #most = smallChunk;

  taken(length: number, milliseconds: number): void {
    this.#most = length > milliseconds * quick ? largeChunk : smallChunk;
  }

  /** Never rejects: it may be begun before anybody waits for it. */
  async read(handle: FileHandle, position: number, size: number): Promise<Chunk> {
    const wanted = Math.min(this.#most, size - position);
    this.#turn = 1 - this.#turn;
    const whole = (this.#buffers[this.#turn] ??= chunkBuffer(largeChunk));
    if (wanted === 0) return { whole, length: 0 };
    try {
      const { bytesRead } = await handle.read(contentOf(whole), 0, wanted, position);
      return { whole, length: bytesRead };
    } catch (error) {
      return { whole, length: 0, error };
    }
  }
}
