/*
 * stdout and stderr of a process come one after the other over what carries both, so an unread stderr would stop stdout. So much of it is kept;
 * beyond, the command waits rather than that something is lost.
 */
import type { Transform, TransformCallback } from "node:stream";
import { hostLimits } from "@sremote/protocol";

/** What the processes of a connection keep together. */
export class UnreadStderr {
  readonly #streams = new Set<Transform>();
  /** Chunks that were taken, of streams that take no more for now. */
  readonly #held = new Map<Transform, () => void>();

  /** Adds a stream whose `highWaterMark` is no limit of its own. */
  add<T extends Transform>(stream: T): T {
    this.#streams.add(stream);
    // oxlint-disable-next-line no-underscore-dangle -- a name of Node's
    const transform = stream._transform.bind(stream);
    // oxlint-disable-next-line no-underscore-dangle -- a name of Node's
    stream._transform = (chunk: unknown, encoding: BufferEncoding, done: TransformCallback): void =>
      transform(chunk, encoding, (error, output: unknown) => {
        if (output !== undefined && output !== null) stream.push(output);
        if ((error ?? undefined) !== undefined || this.#hasRoom(stream)) done(error);
        else this.#held.set(stream, () => done());
      });
    const read = stream.read.bind(stream);
    stream.read = (size?: number): unknown => {
      const chunk: unknown = read(size);
      if (chunk !== null) this.#settle();
      return chunk;
    };
    stream.once("close", () => {
      this.#streams.delete(stream);
      this.#held.delete(stream);
      this.#settle();
    });
    return stream;
  }

  #hasRoom(stream: Transform): boolean {
    if (stream.readableLength < hostLimits.leastStderr) return true;
    let unread = 0;
    for (const { readableLength } of this.#streams) unread += readableLength;
    return unread < hostLimits.unreadStderr;
  }

  #settle(): void {
    for (const [stream, go] of this.#held) {
      if (!this.#hasRoom(stream)) continue;
      this.#held.delete(stream);
      queueMicrotask(go);
    }
  }
}
