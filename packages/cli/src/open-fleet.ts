/* HOSTS as a fleet. */
import { local } from "@sremote/connectors";
import type { Fleet, FleetOptions, Host } from "@sremote/fleet";
import { InvalidArgumentError } from "@sremote/protocol";
import { connectorFor, type HostOptions } from "./host-options.ts";

/** @param hosts a node set, in which `local` is this machine. @throws InvalidArgumentError */
export async function openFleet(hosts: string, options: HostOptions, own: FleetOptions = {}): Promise<Fleet> {
  if (/^[^@\s]*:[^@\s]*@/.test(hosts)) throw new InvalidArgumentError("HOSTS", "a node set without passwords; use keys or an agent");
  // Loaded when it is needed: calls do without.
  const { fleet } = await import("@sremote/fleet");
  const connect: FleetOptions["connect"] = (host) => (isLocal(host) ? local() : connectorFor(destination(host), options));
  return fleet(hosts, { logLevel: "silent", ...own, connect });
}

function isLocal({ name, address, username, port }: Host): boolean {
  return name === "local" && address === "local" && username === undefined && port === undefined;
}

/** As HOST is written. */
function destination({ address, username, port }: Host): string {
  const user = username === undefined || username === null ? "" : `${username}@`;
  const place = address.includes(":") ? `[${address}]` : address;
  return `${user}${place}${port === undefined || port === null ? "" : `:${port}`}`;
}
