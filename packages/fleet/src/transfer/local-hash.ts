/* Digests of files of this machine. */
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { native } from "./local-path.ts";

const chunk = 1 << 18;

/** A regular file for reading; only what the user named may be a link. */
export async function openLocal(path: string | Buffer, follow: boolean): Promise<FileHandle> {
  // O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
  const handle = await open(
    typeof path === "string" ? native(path) : path,
    constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW),
  );
  try {
    if ((await handle.stat()).isFile()) return handle;
    throw Object.assign(new Error("EINVAL: not a regular file"), { code: "EINVAL" });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The running SHA-256 of the first `length` bytes of an open file; undefined when it is shorter. */
export async function digestStart(handle: FileHandle, length: number, signal: AbortSignal): Promise<Hash | undefined> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafeSlow(Math.min(chunk, Math.max(1, length)));
  for (let at = 0; at < length;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, length - at), at);
    if (bytesRead === 0) return undefined;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}

/** SHA-256 of a whole file, in hex. */
export async function hashLocal(path: string, follow: boolean, size: number, signal: AbortSignal): Promise<string> {
  const handle = await openLocal(path, follow);
  try {
    return (await digestStart(handle, size, signal))?.digest("hex") ?? "";
  } finally {
    await handle.close();
  }
}
