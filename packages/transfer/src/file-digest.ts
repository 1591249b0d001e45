/* The SHA-256 of files that are sent or received: of large ones on a thread of its own, and once for all hosts that get the same file. */
import { createHash, type Hash } from "node:crypto";
import { type BigIntStats, closeSync, fstatSync } from "node:fs";
import { DigestThread, type ThreadDigest } from "./digest-thread.ts";
import { orAborted } from "@sremote/connectors";
import { digestStart, openLocal, openLocalSync } from "./local-hash.ts";

export interface FileDigest {
  /** What comes next, in the order of the file, which holds it already. */
  update(piece: Uint8Array): void;
  /** In hex. */
  digest(): Promise<string>;
  /** To be awaited before the file is closed, whether the digest was taken or not. */
  close(): Promise<void>;
}

/** A file of less is hashed before the thread has begun: to start it takes 30 ms of processor time. */
const worthAThread = 1 << 26;
/** To one that runs, a file of less is not worth the messages. */
const worthAMessage = 1 << 20;
/** Digests that are kept for other hosts. */
const mostShared = 1000;

/** Transfers that are under way. */
let transfers = 0;
let thread: DigestThread | undefined;
const shared = new Map<string, SharedFile>();

/** For the length of a transfer: the last one ends the thread. */
export function useDigests(): AsyncDisposable {
  transfers += 1;
  return {
    [Symbol.asyncDispose]: async () => {
      transfers -= 1;
      if (transfers > 0) return;
      const ended = thread;
      thread = undefined;
      shared.clear();
      await ended?.end();
    },
  };
}

/** The thread, where a file of this size is worth it and there can be one. @param readers hosts that may want the same */
function threadFor(size: number, readers: number): DigestThread | undefined {
  if (size < worthAMessage || (thread === undefined && size * readers < worthAThread)) return undefined;
  try {
    thread ??= new DigestThread();
  } catch {
    return undefined; // Threads may be forbidden (`--permission`).
  }
  return thread.lost ? undefined : thread;
}

export function inlineDigest(hash: Hash = createHash("sha256")): FileDigest {
  return {
    update: (piece) => void hash.update(piece),
    digest: async () => hash.digest("hex"),
    close: async () => {},
  };
}

/** Of a file that is being written. @param fd open for reading, too */
export function writtenDigest(fd: number, size: number): FileDigest {
  const found = threadFor(size, 1);
  if (found === undefined) return inlineDigest();
  const digest = found.open(fd);
  let position = 0;
  return {
    update: ({ length }) => digest.advance((position += length)),
    digest: async () => (await digest.end()) ?? (await wholeDigest(fd, position)),
    close: () => digest.close(),
  };
}

/** Of a file that is being read, for all hosts that it goes to now. Undefined where it is not worth it. @param found of the open file */
export function sharedDigest(path: string, follow: boolean, found: BigIntStats): FileDigest | undefined {
  const size = Number(found.size);
  const worker = threadFor(size, transfers);
  if (worker === undefined) return undefined;
  const key = keyOf(found);
  let file = shared.get(key);
  if (file === undefined) {
    const fd = openAgain(path, follow, key);
    if (fd === undefined) return undefined;
    file = new SharedFile(fd, size, worker.open(fd), () => shared.delete(key));
    if (shared.size < mostShared) shared.set(key, file);
  }
  return file.use();
}

/** SHA-256 of a whole file, in hex; empty when it is shorter. */
export async function hashLocal(path: string, follow: boolean, size: number, signal: AbortSignal): Promise<string> {
  const handle = await openLocal(path, follow);
  try {
    const found = await handle.stat({ bigint: true });
    const digest = Number(found.size) === size ? sharedDigest(path, follow, found) : undefined;
    if (digest === undefined) return (await digestStart(handle, size, signal))?.digest("hex") ?? "";
    try {
      return await orAborted(digest.digest(), signal);
    } finally {
      await digest.close();
    }
  } finally {
    await handle.close();
  }
}

/** Undefined when another file stands there now: of the one that is open already, its sender makes the digest. */
function openAgain(path: string, follow: boolean, key: string): number | undefined {
  let fd: number | undefined;
  try {
    fd = openLocalSync(path, follow);
    if (keyOf(fstatSync(fd, { bigint: true })) === key) return fd;
  } catch {
    // It is gone, or not to be read any more.
  }
  if (fd !== undefined) closeSync(fd);
  return undefined;
}

/** Who writes to a file changes its ctime, which cannot be set back. */
function keyOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}

async function wholeDigest(fd: number, size: number): Promise<string> {
  // It was there when it was sent or written; what is shorter now has another digest.
  return (await digestStart(fd, size))?.digest("hex") ?? "";
}

/** A file whose digest is made once for all who send it now. Each host verifies what it got by it. */
class SharedFile {
  readonly #fd: number;
  readonly #size: number;
  readonly #digest: ThreadDigest;
  readonly #forget: () => void;
  #users = 0;
  #result: Promise<string> | undefined;
  #settled = false;

  constructor(fd: number, size: number, digest: ThreadDigest, forget: () => void) {
    this.#fd = fd;
    this.#size = size;
    this.#digest = digest;
    this.#forget = forget;
  }

  use(): FileDigest {
    this.#users += 1;
    let position = 0;
    let closed = false;
    return {
      update: ({ length }) => this.#digest.advance((position += length)),
      digest: () => (this.#result ??= this.#take()),
      close: async () => {
        if (closed) return;
        closed = true;
        await this.#leave();
      },
    };
  }

  async #take(): Promise<string> {
    try {
      this.#digest.advance(this.#size);
      return (await this.#digest.end()) ?? (await wholeDigest(this.#fd, this.#size));
    } catch (error) {
      this.#forget();
      throw error;
    } finally {
      this.#settled = true;
      closeSync(this.#fd);
    }
  }

  /** What the last one leaves unfinished is not used. */
  async #leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0 || this.#settled) return;
    this.#forget();
    await this.#digest.close();
    if (this.#result === undefined) closeSync(this.#fd);
    else await this.#result.catch(() => {}); // It is no longer waited for.
  }
}
