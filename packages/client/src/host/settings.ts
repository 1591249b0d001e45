/* What a call over the spool needs to know of its host. */
import type { Connector } from "@sremote/connectors";
import type { Releases } from "../spool/releases.ts";

/** What the client's configuration says of the host. */
export interface HostSettings {
  sremoteDir: string | undefined;
  python: string | undefined;
  node: string | undefined;
  autoInstall: boolean;
}

export interface SpoolHost {
  readonly connector: Connector;
  readonly settings: HostSettings;
  /** What the host may forget. */
  readonly releases: Releases;
}
