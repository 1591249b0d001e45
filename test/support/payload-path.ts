import type { HostFacts } from "@sremote/protocol";

/** The deployed endpoint's program. */
export function payloadPath(host: HostFacts): string {
  return `${host.base}/endpoint/${host.endpoint}/${host.runtime === "python" ? "__main__.py" : "endpoint.mjs"}`;
}
