/* Reading the body of a reply: never more than was asked for, never for ever. */
import type { Readable } from "node:stream";
import { ByteList, DeadlineTimer, hostLimits } from "@sremote/protocol";

/** A body that is slower than this, in bytes per second, and takes longer than its timeout is given up: some services let a reply drip for ever. */
const slowest = hostLimits.pace;

export interface Pace {
  /** Milliseconds that may be waited for the body in any case. */
  readonly timeout: number;
  /** What is thrown when it comes too slowly. */
  readonly late: () => Error;
}

/** The chunks of a body as they come. Only the time that is waited for the service counts, not what the taker needs. */
export async function* paced(body: Readable, { timeout, late }: Pace): AsyncGenerator<Buffer, void, undefined> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let received = 0;
  let waited = 0;
  let isOver = false;
  try {
    for (;;) {
      const began = performance.now();
      const { value, done } = await within(chunks.next(), timeout + (received / slowest) * 1000 - waited, late);
      waited += performance.now() - began;
      if (done === true) {
        isOver = true;
        return;
      }
      received += value.length;
      yield value;
    }
  } finally {
    // A failure after that is ignored.
    if (!isOver) body.on("error", () => {}).destroy();
  }
}

/** All of a body; undefined when it has more bytes. */
export async function wholeBody(body: Readable, most: number, pace: Pace): Promise<Uint8Array | undefined> {
  const bytes = new ByteList();
  for await (const chunk of paced(body, pace)) {
    if (bytes.length + chunk.length > most) return undefined;
    bytes.add(chunk);
  }
  return bytes.take();
}

/** Its beginning, at least `most` bytes where there are so many. The rest is not read. */
export async function beginningOf(body: Readable, most: number, pace: Pace): Promise<Uint8Array> {
  const bytes = new ByteList();
  for await (const chunk of paced(body, pace)) {
    bytes.add(chunk);
    if (bytes.length > most) break;
  }
  return bytes.take();
}

async function within<T>(promise: Promise<T>, milliseconds: number, late: () => Error): Promise<T> {
  const { promise: passed, reject } = Promise.withResolvers<never>();
  const timer = new DeadlineTimer(Math.max(0, milliseconds), () => reject(late()));
  try {
    return await Promise.race([promise, passed]);
  } finally {
    timer.stop();
    promise.catch(() => {});
  }
}
