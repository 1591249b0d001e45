import type { SimHost } from "./host.ts";

/** The host of the simulation that runs, for what stands in the place of the operating system. */
export const present: { host: SimHost | undefined } = { host: undefined };

export function presentHost(): SimHost {
  if (present.host === undefined) throw new Error("no simulation runs");
  return present.host;
}
