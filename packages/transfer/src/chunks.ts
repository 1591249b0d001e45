/* A stream's chunks as they came. */
import type { Readable } from "node:stream";

/** Held at most before the stream is paused, in bytes. */
const most = 1 << 20;

/**
 * The chunks of a stream, one by one. Iterating the stream itself joins all that is waiting into a new buffer each time, which copies every
 * byte once more. @throws what the stream ends with, if it breaks off
 */
export async function* chunksOf(stream: Readable): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let held = 0;
  let over = false;
  let failure: { error: unknown } | undefined;
  let wake: () => void = () => {};
  const settle = (): void => {
    over = true;
    wake();
  };
  const fail = (error: unknown): void => {
    failure ??= { error };
    settle();
  };
  const take = (chunk: Buffer): void => {
    waiting.push(chunk);
    held += chunk.length;
    if (held >= most) stream.pause();
    wake();
  };
  stream.on("data", take).once("end", settle).once("error", fail);
  const closed = (): void => (stream.readableEnded ? settle() : fail(stream.errored ?? new Error("the stream was closed before its end")));
  if (stream.closed) closed();
  else stream.once("close", closed);
  try {
    for (;;) {
      if (waiting.length === 0 && over) break;
      if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const chunks = waiting;
      [waiting, held] = [[], 0];
      for (const chunk of chunks) yield chunk;
      if (!over && stream.isPaused()) stream.resume();
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    stream.off("data", take).off("end", settle).off("error", fail).off("close", closed);
    stream.pause();
  }
}
