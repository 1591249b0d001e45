/* stdout or stderr of the function's process: every byte counted, the first ones kept. */
import { closeSync, constants, openSync } from "node:fs";
import type { Readable } from "node:stream";
import { limits } from "@sremote/protocol";
import { errorCode } from "../host/directory.ts";
import { writeAll } from "../host/files.ts";

const tailBytes = 4096;

export class Output {
  /** Bytes written by the function's process in all. */
  bytes = 0;
  /** Bytes kept in the file. */
  kept = 0;
  /** Resolves, and `isEnded` is set, when no process holds the other end. */
  readonly ended: Promise<void>;
  isEnded = false;
  readonly #stream: Readable;
  readonly #limit: number;
  readonly #fd: number | undefined;
  /** What the file holds, as long as it is small enough to travel inside the reply. */
  #chunks: Buffer[] = [];
  #full = false;
  /** The last bytes written, kept or not. */
  tail: Buffer = Buffer.alloc(0);

  /** @param limit how many bytes to keep; the rest is read, so that the process never waits, and dropped */
  constructor(stream: Readable, path: string, limit: number) {
    this.#stream = stream;
    this.#limit = limit;
    this.#fd = this.#open(path);
    this.ended = new Promise((resolve) => {
      stream.on("close", () => {
        this.isEnded = true;
        resolve();
      });
    });
    stream.on("error", () => stream.destroy());
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  /** Never through a planted link. */
  #open(path: string): number | undefined {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      this.#full = true;
      return undefined;
    }
  }

  get truncated(): boolean {
    return this.kept < this.bytes;
  }

  /** Stops reading, whatever process may still hold the other end. */
  stop(): void {
    this.#stream.destroy();
    if (this.#fd !== undefined) closeSync(this.#fd);
  }

  /** What was kept, when it is at most what may travel inside a reply; otherwise the file has it. */
  contents(): Buffer | undefined {
    return this.kept <= limits.inlineOutput ? Buffer.concat(this.#chunks) : undefined;
  }

  #take(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.tail = (chunk.length < tailBytes ? Buffer.concat([this.tail, chunk]) : chunk).subarray(-tailBytes);
    const room = this.#full ? 0 : this.#limit - this.kept;
    if (room <= 0 || this.#fd === undefined) return;
    const part = chunk.length <= room ? chunk : chunk.subarray(0, room);
    try {
      writeAll(this.#fd, [part]);
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      // A full or a broken disk. The function goes on, and its value is worth more than its output: the reply says `truncated`.
      this.#full = true;
      return;
    }
    this.kept += part.length;
    if (this.kept <= limits.inlineOutput) this.#chunks.push(part);
    else this.#chunks = [];
  }
}
