/* What a host offers, read from its first packet (RFC 4253, section 7.1): ssh2 says only that nothing fits. */
import type { AlgorithmKind } from "./algorithm-options.ts";
import { hostText } from "./host-text.ts";
import { WireReader } from "./wire.ts";

/** A first packet is at most this long, in bytes: RFC 4253, section 6.1. */
const longest = 35_000;
const keyExchangeInit = 20;
/** Length of a packet and of its padding, type and cookie come before the lists. */
const beforeLists = 4 + 1 + 1 + 16;

export type Lists = Partial<Record<AlgorithmKind, readonly string[]>>;

/** Takes the first bytes of a connection. */
export class HostOffer {
  #bytes = Buffer.alloc(0);
  /** What the host said before its SSH version, such as `Exceeded MaxStartups`. */
  greeting = "";

  /** Returns false when nothing more is of interest. */
  take(chunk: Buffer): boolean {
    this.#bytes = Buffer.concat([this.#bytes, chunk]).subarray(0, longest);
    const text = this.#bytes.toString("latin1", 0, 256);
    this.greeting = text;
    const start = this.#packet();
    const isWhole =
      start !== undefined && this.#bytes.length >= start + 4 && this.#bytes.length >= start + 4 + this.#bytes.readUInt32BE(start);
    return !isWhole && this.#bytes.length < longest;
  }

  /** Such as `SSH-2.0-OpenSSH_9.2p1`. */
  get version(): string {
    return /SSH-[^\r\n]*/.exec(this.#bytes.toString("latin1", 0, this.#packet() ?? 0))?.[0] ?? "";
  }

  /** Undefined where the host did not come so far. */
  lists(): Lists | undefined {
    const start = this.#packet();
    if (start === undefined || this.#bytes[start + 5] !== keyExchangeInit) return undefined;
    try {
      const reader = new WireReader(this.#bytes, start + beforeLists);
      const list = (): string[] => reader.text().split(",").map(hostText);
      const [keyExchange, hostKey, cipher] = [list(), list(), list()];
      list();
      return { keyExchange, hostKey, cipher, mac: list() };
    } catch {
      return undefined;
    }
  }

  /** Where the first packet begins: after the line with the version. */
  #packet(): number | undefined {
    const version = this.#bytes.indexOf("SSH-");
    const end = version < 0 ? -1 : this.#bytes.indexOf("\n", version);
    return end < 0 ? undefined : end + 1;
  }
}
