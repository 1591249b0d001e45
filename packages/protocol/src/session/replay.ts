/* Counted packets, both ways: SESSION.md, sections "Packet" and "Losing the link". Knows no link. */
import { sessionLimits } from "./packet.ts";

/** Packets that were sent and of which the other side has not said that it has them. */
export class Replay {
  #packets: { chunks: readonly Uint8Array[]; bytes: number }[] = [];
  /** Packets at the front of the list that are acknowledged; they are dropped together, since removing each would be quadratic. */
  #dropped = 0;
  /** Number of the first packet in the list. */
  #first = 0;
  #bytes = 0;

  /** Packets ever sent. */
  get sent(): number {
    return this.#first + this.#packets.length;
  }

  /** Packets that the other side has received, as far as it has said. */
  get acknowledged(): number {
    return this.#first + this.#dropped;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  keep(chunks: readonly Uint8Array[]): void {
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    this.#packets.push({ chunks, bytes });
    this.#bytes += bytes;
  }

  /**
   * The other side has received so many.
   * @returns false when that cannot be: more than were sent, or no number. The link is then of no use.
   */
  acknowledge(count: number): boolean {
    if (!Number.isSafeInteger(count) || count > this.sent) return false;
    while (this.#first + this.#dropped < count) {
      const packet = this.#packets[this.#dropped]!;
      this.#bytes -= packet.bytes;
      packet.chunks = [];
      this.#dropped++;
    }
    if (this.#dropped * 2 > this.#packets.length) {
      this.#packets = this.#packets.slice(this.#dropped);
      this.#first += this.#dropped;
      this.#dropped = 0;
    }
    return true;
  }

  /** Chunks of all packets that are not acknowledged, to be sent again on a new link. */
  unacknowledged(): Uint8Array[] {
    return this.#packets.slice(this.#dropped).flatMap(({ chunks }) => chunks);
  }
}

/** Counts the packets that come, and says when that is to be told. */
export class Receipt {
  /** Counted packets received. */
  received = 0;
  #packetsSince = 0;
  #bytesSince = 0;

  /** A counted packet has come. @returns whether an `ack` is due */
  count(payloadBytes: number): boolean {
    this.received++;
    this.#packetsSince++;
    this.#bytesSince += payloadBytes;
    return this.#packetsSince >= sessionLimits.ackPackets || this.#bytesSince >= sessionLimits.ackBytes;
  }

  /** The number for an `ack`, `ping`, `pong`, `challenge` or `proof` that is sent now. */
  tell(): number {
    this.#packetsSince = 0;
    this.#bytesSince = 0;
    return this.received;
  }
}
