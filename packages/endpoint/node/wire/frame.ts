/* The frame of a call, from a file or from standard input. */
import { readFileSync, readSync } from "node:fs";
import { allocatedFirst, enlarge, ProtocolError, prefixBytes, readPrefix } from "@sremote/protocol";
import { errorCode } from "../host/directory.ts";

const standardInput = 0;

/**
 * Reads the request frame, unparsed.
 * @param path `-` reads exactly one frame from standard input, which may stay open
 * @throws ProtocolError, or the file system's error
 */
export function readRequest(path: string): Uint8Array {
  return path === "-" ? readFrame(standardInput) : readFileSync(path);
}

/** Reads exactly one frame from a blocking descriptor and not a byte more. @throws ProtocolError */
export function readFrame(fd: number): Uint8Array {
  const prefix = new Uint8Array(prefixBytes);
  // A short prefix goes to readPrefix too: it says whether what came was a frame at all.
  if (fill(fd, prefix, 0) < prefixBytes) throw new ProtocolError("protocol-error", "frame: truncated");
  const total = prefixBytes + readPrefix(prefix).body + 4;
  let frame: Uint8Array = new Uint8Array(Math.min(total, allocatedFirst));
  frame.set(prefix);
  let filled = prefixBytes;
  for (;;) {
    filled = fill(fd, frame, filled);
    if (filled < frame.length) throw new ProtocolError("protocol-error", "frame: truncated");
    if (filled === total) return frame;
    frame = enlarge(frame, total);
  }
}

/** Fills the buffer from `at` on; returns how far, which is less than its length only at the end of the input. */
function fill(fd: number, buffer: Uint8Array, at: number): number {
  while (at < buffer.length) {
    let got: number;
    try {
      got = readSync(fd, buffer, at, buffer.length - at, null);
    } catch (error) {
      if (errorCode(error) === "EOF") return at;
      if (errorCode(error) !== "EAGAIN") throw error;
      pause(5); // The descriptor was made non-blocking: a synchronous read has nothing to wait for.
      continue;
    }
    if (got === 0) return at;
    at += got;
  }
  return at;
}

/** Blocks this thread, in milliseconds. */
export function pause(duration: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, duration);
}
