/* One pair of byte streams between client and supervisor. It is lost when either ends, is damaged, or is silent for too long. */
import type { Readable, Writable } from "node:stream";
import { encodePacket, PacketReader, ProtocolError, type Packet, type PacketKind } from "@sremote/protocol";

export interface LinkEvents {
  onPacket(packet: Packet, link: Link): void;
  /** Called once, unless the link was dropped by its owner. */
  onLost(link: Link): void;
}

export class Link {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #events: LinkEvents;
  readonly #reader: PacketReader = new PacketReader();
  #isOpen = true;
  #isCorked = false;
  #silence: NodeJS.Timeout | undefined;

  constructor(input: Readable, output: Writable, events: LinkEvents) {
    this.#input = input;
    this.#output = output;
    this.#events = events;
    const lose = (): void => this.#lose();
    for (const event of ["end", "error", "close"]) input.on(event, lose);
    for (const event of ["error", "close"]) output.on(event, lose);
    input.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  /** Gives the link up when nothing has come for so long, in milliseconds. */
  expectWithin(duration: number): void {
    clearTimeout(this.#silence);
    if (this.#isOpen) this.#silence = setTimeout(() => this.#lose(), duration);
  }

  /** Writes soon: all that comes in one turn of the loop goes out as one. */
  write(chunks: readonly Uint8Array[]): void {
    if (!this.#isOpen) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#output.cork();
      setImmediate(() => this.#uncork());
    }
    for (const chunk of chunks) this.#output.write(chunk);
  }

  send(kind: PacketKind, payload: Uint8Array): void {
    this.write(encodePacket(kind, 0, [payload]));
  }

  /** Closes without telling anyone. Resolves when all that was written has left this process, or cannot. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#silence);
    this.#uncork();
    await new Promise<void>((resolve) => {
      for (const event of ["error", "close"]) this.#output.once(event, () => resolve());
      this.#output.end(() => resolve());
      setTimeout(resolve, closingGrace).unref();
    });
    this.#destroy();
  }

  /** Lets go of the link at once. */
  drop(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#silence);
    this.#destroy();
  }

  #destroy(): void {
    this.#input.destroy();
    this.#output.destroy();
  }

  #uncork(): void {
    this.#isCorked = false;
    this.#output.uncork();
  }

  #lose(): void {
    if (!this.#isOpen) return;
    this.drop();
    this.#events.onLost(this);
  }

  #take(chunk: Buffer): void {
    this.#silence?.refresh();
    try {
      this.#reader.push(chunk);
      for (let packet = this.#reader.next(); packet !== undefined && this.#isOpen; packet = this.#reader.next()) {
        this.#events.onPacket(packet, this);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // A damaged packet: it is sent again on the next link.
      this.#lose();
    }
  }
}

/** How long a last message may take to leave, in milliseconds. */
const closingGrace = 1000;
