/* Where a client finds its supervisor again: a socket in the session's directory, which no other user may enter. Nothing listens on TCP. */
import { renameSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import {
  decodeSessionMessage,
  encodeSessionMessage,
  packetKinds,
  type Packet,
  type ProofMessage,
  ProtocolError,
  type ResumeMessage,
} from "@sremote/protocol";
import { loadNet } from "../host/lazy.ts";
import { newcomerPatience, newcomers } from "../wire/limits.ts";
import { Link, type LinkEvents } from "./link.ts";
import { isSame, newNonce, prove } from "./proof.ts";

export interface ListenerEvents extends LinkEvents {
  /** Counted packets received until now. */
  received(): number;
  /**
   * The client has proved who it is, and has received so many counted packets itself.
   * @param told what it was told to have been received: it sends again everything since then
   * @returns whether the link is taken
   */
  onProved(link: Link, received: number, told: number): boolean;
}

/** What was said to a connection whose client has not proved who it is. */
interface Challenge {
  clientNonce: string;
  hostNonce: string;
  told: number;
}

export class Listener {
  /** Path of the socket. */
  readonly address: string;
  readonly #token: string;
  readonly #events: ListenerEvents;
  readonly #server: Server;
  readonly #newcomers: Set<Link> = new Set();

  constructor(directory: string, token: string, events: ListenerEvents) {
    this.#token = token;
    this.#events = events;
    this.#server = loadNet().createServer({ allowHalfOpen: false }, (socket) => this.#accept(socket));
    this.#server.on("error", (error) => {
      throw error;
    });
    this.address = join(directory, "s");
    // Under its name it is there when it listens: a sweep of another session would take it for abandoned.
    const unnamed = join(directory, "new");
    this.#server.listen(unnamed);
    renameSync(unnamed, this.address);
  }

  close(): void {
    this.#server.close();
    for (const newcomer of this.#newcomers) newcomer.drop();
  }

  #accept(socket: Socket): void {
    if (this.#newcomers.size >= newcomers) {
      socket.destroy();
      return;
    }
    let isKnown = false;
    let challenge: Challenge | undefined;
    const forget = (link: Link): void => {
      clearTimeout(late);
      this.#newcomers.delete(link);
    };
    const link = new Link(socket, socket, {
      onPacket: (packet) => {
        if (isKnown) return this.#events.onPacket(packet, link);
        try {
          if (challenge === undefined) challenge = this.#challenge(link, openResume(packet));
          else {
            isKnown = this.#isClient(link, openProof(packet), challenge);
            forget(link);
            if (!isKnown) link.drop();
          }
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          forget(link);
          link.drop();
        }
      },
      onLost: () => {
        forget(link);
        if (isKnown) this.#events.onLost(link);
      },
    });
    const late = setTimeout(() => {
      forget(link);
      link.drop();
    }, newcomerPatience);
    this.#newcomers.add(link);
  }

  #challenge(link: Link, { nonce: clientNonce }: ResumeMessage): Challenge {
    const [hostNonce, told] = [newNonce(), this.#events.received()];
    const proof = prove(this.#token, "host", { clientNonce, hostNonce, received: told });
    link.send(packetKinds.challenge, encodeSessionMessage({ type: "challenge", nonce: hostNonce, received: told, proof }));
    return { clientNonce, hostNonce, told };
  }

  #isClient(link: Link, { received, proof }: ProofMessage, { told, ...nonces }: Challenge): boolean {
    return isSame(proof, prove(this.#token, "client", { ...nonces, received })) && this.#events.onProved(link, received, told);
  }
}

function openResume({ kind, payload }: Packet): ResumeMessage {
  if (kind !== packetKinds.resume) throw new ProtocolError("protocol-error", "not a resume");
  return decodeSessionMessage(payload, "resume");
}

function openProof({ kind, payload }: Packet): ProofMessage {
  if (kind !== packetKinds.proof) throw new ProtocolError("protocol-error", "not a proof");
  return decodeSessionMessage(payload, "proof");
}
