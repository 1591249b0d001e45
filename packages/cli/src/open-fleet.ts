/* HOSTS as a fleet. */
import type { RemoteClientOptions } from "@sremote/client";
import type { Fleet } from "@sremote/fleet";
import { InvalidArgumentError } from "@sremote/protocol";
import { configurationOf, connectorWith } from "./configured.ts";
import type { HostOptions } from "./host-options.ts";

/**
 * @param hosts a node set, in which `local` is this machine
 * @param client options for the clients of calls
 * @throws InvalidArgumentError
 */
export async function openFleet(hosts: string, options: HostOptions, client: RemoteClientOptions = {}): Promise<Fleet> {
  if (/^[^@\s]*:[^@\s]*@/.test(hosts)) throw new InvalidArgumentError("HOSTS", "a node set without passwords; use keys or an agent");
  const configuration = await configurationOf(options);
  // Loaded when it is needed: calls do without.
  const { connectorOf, fleet } = await import("@sremote/fleet");
  return fleet(hosts, {
    logLevel: "silent",
    configuration,
    client,
    connect: (host, resolved) => connectorWith(connectorOf, host, resolved, options),
  });
}

/** Whether it is a node set, and not just one host as it is written for all commands. */
export function isNodeSet(hosts: string): boolean {
  return /[[,!&^*?\s]|^@/.test(hosts);
}
