import type { Connector } from "@sremote/connectors";
import { type Code, SremoteError } from "@sremote/protocol";

/** What a client says of its sessions. */
export interface StreamSettings {
  workers: number;
  /** Milliseconds. */
  lease: number;
  heartbeat: number;
}

/** What a session is made with. */
export interface SessionOptions {
  connector: Connector;
  token: string;
  /** Milliseconds without a link after which the host ends everything. */
  lease: number;
  /** Milliseconds between two pings; without an answer for three of them the link is given up. */
  heartbeat: number;
  watch?: SessionWatch | undefined;
}

/** What is told of the links of a session that has started. Neither throws. */
export interface SessionWatch {
  /** @param resumes whether it is to be taken up on another link */
  lost(code: Code, resumes: boolean): void;
  /** @param milliseconds for which it had no link */
  resumed(milliseconds: number): void;
}

/** Why a link ended, as far as it is known. */
export function codeOf(error: unknown): Code {
  return error instanceof SremoteError ? error.code : "connection-lost";
}
