import type { SimHost } from "./host.ts";
import type { SpoolHost } from "./spool-host.ts";

/** The hosts of the simulation that runs, for what stands in the place of the operating system. */
export const present: { host: SimHost | undefined; spool: SpoolHost | undefined } = { host: undefined, spool: undefined };

export function presentHost(): SimHost {
  if (present.host === undefined) throw new Error("no simulation of a session runs");
  return present.host;
}

export function presentSpool(): SpoolHost {
  if (present.spool === undefined) throw new Error("no simulation of a spool runs");
  return present.spool;
}
