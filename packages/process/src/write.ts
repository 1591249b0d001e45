import { once } from "node:events";
import type { Writable } from "node:stream";
import { ownBytes } from "@sremote/connectors";
import { SremoteError } from "@sremote/protocol";

/** Writes and waits until the stream takes more. @throws SremoteError (`closed`) when it no longer takes input */
export async function writeTo(stream: Writable, data: string | Uint8Array, what: string): Promise<void> {
  const refused = (cause?: unknown): SremoteError => new SremoteError("closed", `${what} no longer takes input`, { cause });
  if (stream.destroyed || stream.writableEnded) throw refused(stream.errored ?? undefined);
  // A stream that takes more may not have sent this yet.
  if (stream.write(typeof data === "string" ? data : ownBytes(data))) return;
  const control = new AbortController();
  const { signal } = control;
  try {
    await Promise.race([
      once(stream, "drain", { signal }),
      once(stream, "close", { signal }).then(() => {
        throw refused();
      }),
    ]);
  } catch (error) {
    throw error instanceof SremoteError ? error : refused(error);
  } finally {
    control.abort();
  }
}
