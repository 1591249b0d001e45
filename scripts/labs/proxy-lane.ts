/* One direction of one connection through a proxy: what comes out of one socket goes into the other, in order. */
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Flow } from "./proxy-flow.ts";

type Item = { kind: "chunk"; chunk: Buffer; due: number } | { kind: "end"; due: number } | { kind: "close"; reset: boolean; due: number };

// A real link holds more while its bytes are under way than a proxy that only passes them on.
const held = { immediate: 64 * 1024, delayed: 16 * 1024 * 1024 };

export class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #flow: Flow;
  readonly #queue: Item[] = [];
  #queued = 0;
  #wake: (() => void) | undefined;
  #stranded: PromiseWithResolvers<void> | undefined;

  constructor(from: Socket, to: Socket, flow: Flow) {
    this.#from = from;
    this.#to = to;
    this.#flow = flow;
    from.on("data", (chunk: Buffer) => this.#put({ kind: "chunk", chunk, due: this.#due() }));
    from.on("end", () => this.#put({ kind: "end", due: this.#due() }));
    from.on("close", (reset) => this.#put({ kind: "close", reset, due: this.#due() }));
  }

  /** Carries until either socket is closed. */
  async run(): Promise<void> {
    for (;;) {
      const item = this.#queue.shift() ?? (await this.#next());
      if (item.due > performance.now()) await pause(item.due - performance.now());
      if (item.kind === "chunk") await this.#carry(item.chunk);
      else await this.#passage();
      if (item.kind === "end") this.#to.end();
      if (item.kind !== "close") continue;
      if (item.reset) this.#to.resetAndDestroy();
      else this.#to.destroySoon();
      return;
    }
  }

  /** Carries nothing any more, for good, and tells neither end. */
  strand(): void {
    this.#stranded ??= Promise.withResolvers<void>();
  }

  /** What was stranded goes on, so that it can end. */
  free(): void {
    this.#stranded?.resolve();
    this.#stranded = undefined;
  }

  /** Resolves when bytes may pass. */
  async #passage(): Promise<void> {
    for (let gate = this.#gate(); gate !== undefined; gate = this.#gate()) await gate;
  }

  #gate(): Promise<void> | undefined {
    return this.#stranded?.promise ?? this.#flow.open;
  }

  #due(): number {
    return performance.now() + this.#flow.delay;
  }

  #put(item: Item): void {
    this.#queue.push(item);
    if (item.kind === "chunk") {
      this.#queued += item.chunk.length;
      if (this.#queued >= (this.#flow.delay > 0 ? held.delayed : held.immediate)) this.#from.pause();
    }
    this.#wake?.();
  }

  async #next(): Promise<Item> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    return this.#queue.shift()!;
  }

  async #carry(chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0;) {
      await this.#passage();
      // What was under way to a socket that is gone is lost, as on a real link.
      if (this.#to.destroyed) break;
      const piece = this.#flow.piece(rest);
      rest = rest.subarray(piece.length);
      this.#flow.damage(piece);
      const flushed = this.#to.write(piece);
      this.#flow.count(piece.length);
      if (!flushed) await drained(this.#to);
      await this.#flow.take(piece.length);
    }
    this.#queued -= chunk.length;
    if (this.#queued < held.immediate) this.#from.resume();
  }
}

/** Resolves when the socket takes more, or is closed. */
async function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("drain", resolve).once("close", resolve);
  if (socket.destroyed) resolve();
  await promise;
  socket.off("drain", resolve).off("close", resolve);
}
