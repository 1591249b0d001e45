/* SHA-256 beside what this thread does: a file is read once more by another thread, out of the system's cache, close behind what is sent or written. */
import { Worker } from "node:worker_threads";
import { embedded } from "@sremote/endpoint";
import { programs } from "./generated/programs.ts";
import type { Order, Report } from "./digest-worker.ts";

/** So much is asked for at once: little enough for several files to have their turn, and for an end to be heard soon. */
const mostOfOrder = 1 << 22;
/** What is not the end of a file waits until it is so much. */
const leastOfOrder = 1 << 20;
/** Orders of a file that are under way: the next is there when one is done. */
const ahead = 2;

export class DigestThread {
  readonly #worker: Worker;
  readonly #files = new Map<number, ThreadDigest>();
  #number = 0;
  #lost = false;
  #ended = false;

  /** @throws where this process may start no threads */
  constructor() {
    // Nothing of what this process was started with, such as a profiler or a loader, is for it.
    this.#worker = new Worker(embedded(programs, "digest-worker.cjs").toString("utf8"), { eval: true, execArgv: [], env: {} });
    this.#worker.unref();
    this.#worker.on("message", ({ file, sha256 }: Report) => this.#files.get(file)?.reported(sha256));
    this.#worker.once("error", () => this.#lose()).once("exit", () => this.#lose());
  }

  /** Whether it has ended by itself. */
  get lost(): boolean {
    return this.#lost;
  }

  /** @param fd stays open until the digest is taken or closed */
  open(fd: number): ThreadDigest {
    const file = (this.#number += 1);
    const digest = new ThreadDigest(
      (to, last) => this.#worker.postMessage({ file, fd, to, last } satisfies Order),
      () => {
        this.#files.delete(file);
        if (this.#files.size === 0) this.#worker.unref();
      },
    );
    this.#files.set(file, digest);
    this.#worker.ref(); // A program does not end before the digest that it waits for.
    if (this.#lost) digest.lost(this.#ended);
    return digest;
  }

  /** Digests that were not taken are none then. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#worker.terminate();
  }

  #lose(): void {
    this.#lost = true;
    for (const digest of this.#files.values()) digest.lost(this.#ended);
  }
}

/** The digest of one file. */
export class ThreadDigest {
  readonly #order: (to: number, last: boolean) => void;
  readonly #release: () => void;
  readonly #done = Promise.withResolvers<string | undefined>();
  /** There is so much of the file. */
  #there = 0;
  #ordered = 0;
  #underWay = 0;
  #ending = false;
  #last = false;
  #settled = false;
  #closed = false;

  constructor(order: (to: number, last: boolean) => void, release: () => void) {
    this.#order = order;
    this.#release = release;
  }

  /** There is so much of the file, in bytes from its beginning. */
  advance(to: number): void {
    this.#there = Math.max(this.#there, to);
    this.#next();
  }

  /** The digest of what is there, in hex. Undefined when the thread could not make it. @throws when it was closed meanwhile */
  async end(): Promise<string | undefined> {
    this.#ending = true;
    this.#next();
    const sha256 = await this.#done.promise;
    if (this.#closed) throw new Error("the digest is not wanted any more");
    return sha256;
  }

  /** Resolves when the file is not read any more; a digest that was not taken is none then. */
  async close(): Promise<void> {
    if (!this.#settled) this.#closed = true;
    this.#ending = true;
    this.#there = this.#ordered;
    this.#next();
    await this.#done.promise;
  }

  reported(sha256: string | undefined): void {
    this.#underWay -= 1;
    if (this.#last && this.#underWay === 0) this.#settle(sha256);
    else this.#next();
  }

  /** The thread has ended. @param wanted so, with all that it did */
  lost(wanted: boolean): void {
    if (wanted && !this.#settled) this.#closed = true;
    this.#settle(undefined);
  }

  #next(): void {
    while (!this.#last && !this.#settled && this.#underWay < ahead) {
      const to = Math.min(this.#there, this.#ordered + mostOfOrder);
      const last = this.#ending && to === this.#there;
      if (!last && to - this.#ordered < leastOfOrder) return;
      this.#underWay += 1;
      this.#ordered = to;
      this.#last = last;
      this.#order(to, last);
    }
  }

  #settle(sha256: string | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#release();
    this.#done.resolve(sha256);
  }
}
