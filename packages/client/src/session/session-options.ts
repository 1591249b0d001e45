import type { Connector } from "@sremote/connectors";

/** What a session is made with. */
export interface SessionOptions {
  connector: Connector;
  token: string;
  /** Milliseconds without a link after which the host ends everything. */
  lease: number;
  /** Milliseconds between two pings; without an answer for three of them the link is given up. */
  heartbeat: number;
}
