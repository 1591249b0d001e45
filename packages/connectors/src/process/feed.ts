/* Writing to a process that may end before it has read everything. */
import type { Writable } from "node:stream";

/**
 * Writes the chunks with backpressure, then ends the stream. Returns when all is handed over or the stream takes no more.
 * That a process does not read its input (EPIPE) is its own affair; how it went, its exit status says, and a lost link its `exit` promise.
 * Errors of the chunks' own source are thrown, and the stream is then left open.
 */
export async function feed(stream: Writable, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  let open = true;
  let wake: (() => void) | undefined;
  const stop = (): void => {
    open = false;
    wake?.();
  };
  stream.on("error", stop).on("close", stop);
  for await (const chunk of chunks) {
    if (!open || stream.destroyed) return;
    if (stream.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
      stream.once("drain", resolve);
      if (!open) resolve();
    });
  }
  if (open && !stream.destroyed) stream.end();
}
