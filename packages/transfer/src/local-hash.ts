/* Files of this machine that are read, and digests of their beginnings. */
import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, read } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { native } from "./local-path.ts";

const chunk = 1 << 18;
const readSome = promisify(read);

/** A regular file for reading; only what the user named may be a link. */
export async function openLocal(path: string | Buffer, follow: boolean): Promise<FileHandle> {
  const handle = await open(typeof path === "string" ? native(path) : path, flags(follow));
  try {
    if ((await handle.stat()).isFile()) return handle;
    throw notRegular();
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The same at once, as a file descriptor. */
export function openLocalSync(path: string, follow: boolean): number {
  const fd = openSync(native(path), flags(follow));
  try {
    if (fstatSync(fd).isFile()) return fd;
    throw notRegular();
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function flags(follow: boolean): number {
  // O_NONBLOCK: opening a FIFO without a writer would wait for ever.
  return constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW);
}

function notRegular(): Error {
  return Object.assign(new Error("EINVAL: not a regular file"), { code: "EINVAL" });
}

/** The running SHA-256 of the first `length` bytes of an open file; undefined when it is shorter. */
export async function digestStart(file: FileHandle | number, length: number, signal?: AbortSignal): Promise<Hash | undefined> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafeSlow(Math.min(chunk, Math.max(1, length)));
  for (let at = 0; at < length;) {
    signal?.throwIfAborted();
    const fd = typeof file === "number" ? file : file.fd;
    const { bytesRead } = await readSome(fd, buffer, 0, Math.min(buffer.length, length - at), at);
    if (bytesRead === 0) return undefined;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}
