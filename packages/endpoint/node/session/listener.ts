/* Where a client finds its supervisor again: a socket in the session's directory, which nobody else may enter. Nothing listens on TCP. */
import type { Server, Socket } from "node:net";
import { packetKinds, ProtocolError, decodeSessionMessage, type Packet, type ResumeMessage } from "@sremote/protocol";
import { loadNet } from "../builtin.ts";
import { Link, type LinkEvents } from "./link.ts";

/** How long a connection may stay without a valid `resume`, in milliseconds. */
const strangerGrace = 10_000;

export interface ListenerEvents extends LinkEvents {
  /** A link whose first packet is this. @returns whether it is the client's */
  onResume(link: Link, message: ResumeMessage): boolean;
}

export class Listener {
  readonly #events: ListenerEvents;
  readonly #server: Server;
  readonly #strangers: Set<Link> = new Set();

  constructor(path: string, events: ListenerEvents) {
    this.#events = events;
    this.#server = loadNet().createServer({ allowHalfOpen: false }, (socket) => this.#accept(socket));
    this.#server.on("error", (error) => {
      throw error;
    });
    this.#server.listen(path);
  }

  close(): void {
    this.#server.close();
    for (const stranger of this.#strangers) stranger.drop();
  }

  #accept(socket: Socket): void {
    let isKnown = false;
    const forget = (link: Link): void => {
      clearTimeout(late);
      this.#strangers.delete(link);
    };
    const link = new Link(socket, socket, {
      onPacket: (packet) => {
        if (isKnown) return this.#events.onPacket(packet, link);
        isKnown = this.#isClient(link, packet);
        forget(link);
        if (!isKnown) link.drop();
      },
      onLost: () => {
        forget(link);
        if (isKnown) this.#events.onLost(link);
      },
    });
    const late = setTimeout(() => {
      forget(link);
      link.drop();
    }, strangerGrace);
    this.#strangers.add(link);
  }

  #isClient(link: Link, packet: Packet): boolean {
    if (packet.kind !== packetKinds.resume) return false;
    try {
      return this.#events.onResume(link, decodeSessionMessage(packet.payload, "resume"));
    } catch (error) {
      if (error instanceof ProtocolError) return false;
      throw error;
    }
  }
}
