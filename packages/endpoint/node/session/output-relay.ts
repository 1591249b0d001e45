/*
 * stdout or stderr of a worker: read as long as the client has given credit, so that a function that prints more than its reader takes waits in
 * its write. What is written while no call runs belongs to no call and is dropped.
 */
import { readSync } from "node:fs";
import type { Socket } from "node:net";
import { errorCode } from "../host/directory.ts";

const tailBytes = 4096;
const chunkBytes = 65_536;
/**
 * No more than this can have been written before the reading began: the largest pipe that a user may have (pipe(7), pipe-max-size). Without this
 * bound a process that is left over and never stops printing would keep the call from ending.
 */
const mostDrained = 1_048_576;

/** Where output goes while a call runs. */
export interface OutputGate {
  /** Bytes that may be sent now. */
  room(): number;
  /** @param chunk at most as long as the room, unless it is muted */
  pass(chunk: Uint8Array): void;
  /** Counted, not sent; the room does not matter. */
  isMuted: boolean;
}

export class OutputRelay {
  readonly #stream: Socket;
  readonly #fd: number | undefined;
  #gate: OutputGate | undefined;
  /** What was read and may not be sent yet. */
  #pending: Buffer | undefined;
  #isEnded = false;
  /** What may still be read to empty the pipe for this call, in bytes. */
  #left = mostDrained;
  /** The last bytes of the call that runs, or of the process as long as none did. */
  tail: Buffer = Buffer.alloc(0);
  /** Called when no process holds the other end. */
  onEnd: (() => void) | undefined;

  constructor(stream: Socket) {
    this.#stream = stream;
    this.#fd = descriptorOf(stream);
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    stream.on("error", () => stream.destroy());
    stream.on("close", () => {
      this.#isEnded = true;
      this.onEnd?.();
    });
  }

  get isEnded(): boolean {
    return this.#isEnded && this.#pending === undefined;
  }

  /** From now on output belongs to this call. @param isFirst of the process: then what it wrote before it could begin belongs to the call too */
  begin(gate: OutputGate, isFirst: boolean): void {
    this.#left = mostDrained;
    if (!isFirst) this.tail = Buffer.alloc(0);
    this.#gate = gate;
  }

  /** From now on output belongs to no call. */
  end(): void {
    this.#gate = undefined;
    this.#pending = undefined;
    if (this.#stream.isPaused()) this.#stream.resume();
  }

  /** Goes on where it stopped for lack of room. */
  resume(): void {
    if (this.#pending === undefined) return;
    const pending = this.#pending;
    this.#pending = undefined;
    this.#take(pending);
    if (this.#pending === undefined) this.#stream.resume();
  }

  /** Reads all that was written until now. @returns false when the room does not suffice: try again when there is more */
  drain(): boolean {
    this.resume();
    while (this.#pending === undefined) {
      // What the stream has read already; it is given to `#take`.
      if (this.#stream.readableLength > 0) this.#stream.read();
      else {
        const chunk = this.#left > 0 ? this.#readNow() : undefined;
        if (chunk === undefined) return true;
        this.#left -= chunk.length;
        this.#take(chunk);
      }
    }
    return false;
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #take(chunk: Buffer): void {
    const gate = this.#gate;
    if (gate === undefined) return this.#keepTail(chunk);
    if (this.#pending !== undefined) {
      this.#pending = Buffer.concat([this.#pending, chunk]);
      return;
    }
    const room = gate.isMuted ? chunk.length : Math.min(gate.room(), chunk.length);
    if (room > 0) {
      const part = room === chunk.length ? chunk : chunk.subarray(0, room);
      this.#keepTail(part);
      gate.pass(part);
    }
    if (room === chunk.length) return;
    this.#pending = chunk.subarray(room);
    this.#stream.pause();
  }

  #keepTail(chunk: Buffer): void {
    this.tail = (chunk.length < tailBytes ? Buffer.concat([this.tail, chunk]) : chunk).subarray(-tailBytes);
  }

  /** The next bytes in the pipe itself, or undefined when there are none now. */
  #readNow(): Buffer | undefined {
    if (this.#fd === undefined || this.#stream.destroyed) return undefined;
    let got: number;
    // An error with a stack costs more than all else here, and this one is the rule.
    const depth = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      got = readSync(this.#fd, buffer, 0, chunkBytes, null);
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      return undefined; // EAGAIN; what else there may be the stream will meet too.
    } finally {
      Error.stackTraceLimit = depth;
    }
    return got === 0 ? undefined : Buffer.from(buffer.subarray(0, got));
  }
}

const buffer = Buffer.allocUnsafeSlow(chunkBytes);

/** The number of a stream's descriptor: Node's handle has it, though its types do not tell. */
function descriptorOf(stream: Socket): number | undefined {
  const handle: unknown = Reflect.get(stream, "_handle");
  const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}

/** Resolves when no process holds the other ends, and at the latest after so many milliseconds. */
export function outputsEnd(outputs: readonly OutputRelay[], within: number): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, within);
    const look = (): void => {
      if (!outputs.every(({ isEnded }) => isEnded)) return;
      clearTimeout(late);
      resolve();
    };
    for (const output of outputs) output.onEnd = look;
    look();
  });
}
