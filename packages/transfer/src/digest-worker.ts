/* Runs on a thread of its own: SHA-256 of files that are open in this process, each as far as it is told. */
import { createHash, type Hash } from "node:crypto";
import { readSync } from "node:fs";
import { parentPort } from "node:worker_threads";

export interface Order {
  readonly file: number;
  readonly fd: number;
  /** All before is there. What is not yet in the digest is read now. */
  readonly to: number;
  /** The file is not asked for again. */
  readonly last: boolean;
}

/** One for each order. */
export interface Report {
  readonly file: number;
  /** In hex, after the last order. Undefined when the file could not be read. */
  readonly sha256: string | undefined;
}

interface Running {
  readonly hash: Hash;
  position: number;
  failed: boolean;
}

const running = new Map<number, Running>();
const buffer = Buffer.allocUnsafeSlow(1 << 18);

parentPort!.on("message", ({ file, fd, to, last }: Order) => {
  const found = running.get(file) ?? { hash: createHash("sha256"), position: 0, failed: false };
  running.set(file, found);
  try {
    read(found, fd, to);
  } catch {
    found.failed = true; // The next request reads it and learns why that fails.
  }
  if (last) running.delete(file);
  parentPort!.postMessage({ file, sha256: last && !found.failed ? found.hash.digest("hex") : undefined } satisfies Report);
});

/** A file that is shorter has another digest than the one that is expected, which is noticed there. */
function read(found: Running, fd: number, to: number): void {
  while (found.position < to) {
    const length = readSync(fd, buffer, 0, Math.min(buffer.length, to - found.position), found.position);
    if (length === 0) return;
    found.hash.update(buffer.subarray(0, length));
    found.position += length;
  }
}
