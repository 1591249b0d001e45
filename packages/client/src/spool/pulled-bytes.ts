/* Files of the spool as they are pulled. The host says when they end, and might never say so. */
import { ByteList, checksumBytes, prefixBytes, ProtocolError, readPrefix } from "@sremote/protocol";

/** Bytes of a file of a known length. */
export class PulledBytes {
  readonly #bytes = new ByteList();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws ProtocolError when there are more than there may be */
  add(chunk: Uint8Array): void {
    if (this.#bytes.length + chunk.length > this.#most)
      throw new ProtocolError("limit-exceeded", `the host sends more than the ${this.#most} bytes of a file that it has`);
    // A copy: whose memory a chunk is in, is not said.
    this.#bytes.add(Uint8Array.from(chunk));
  }

  take(): Uint8Array {
    return this.#bytes.take();
  }
}

/** A reply: one frame, whose beginning says how long it is. */
export class PulledReply {
  readonly #head = new PulledBytes(Number.POSITIVE_INFINITY);
  #bytes: PulledBytes = this.#head;
  #length = 0;

  /** @throws ProtocolError when it is no frame, or longer than its beginning says */
  add(chunk: Uint8Array): void {
    this.#bytes.add(chunk);
    this.#length += chunk.length;
    if (this.#bytes !== this.#head || this.#length < prefixBytes) return;
    const begun = this.#head.take();
    this.#bytes = new PulledBytes(prefixBytes + readPrefix(begun).body + checksumBytes);
    this.#bytes.add(begun);
  }

  take(): Uint8Array {
    return this.#bytes.take();
  }
}
