/* The connector that drives the system's ssh. */
import { checkObject } from "@sremote/protocol";
import type { Connector } from "../connector.ts";
import { canShareConnection, parseDestination } from "../ssh/index.ts";
import { OpenSshConnector } from "./openssh-connector.ts";
import type { OpenSshOptions } from "./options.ts";
import { checkOpenSshOptions } from "./options.ts";

export type { OpenSshOptions } from "./options.ts";

/**
 * A host over the system's `ssh`, with everything it can: certificates, Kerberos, security keys, ProxyCommand, all of ssh_config.
 * It never asks a question; commands share one connection. Connects when first used and again after a lost link.
 *
 * @param destination `host`, `me@host:22`, `[::1]:22`, a `Host` of ssh_config, or all as options
 * @throws InvalidArgumentError
 *
 * @example
 * ```ts
 * import { openssh } from "sremote";
 *
 * const host = openssh({ host: "gpu.example.org", jump: "me@gateway.example.org" });
 * ```
 */
export function openssh(destination: string | OpenSshOptions, options: Omit<OpenSshOptions, "host"> = {}): Connector {
  checkObject(options, "options");
  const given = typeof destination === "string" ? { ...options, ...parseDestination(destination) } : { ...options, ...destination };
  checkOpenSshOptions(given);
  return new OpenSshConnector({ ...given, multiplex: given.multiplex ?? canShareConnection() });
}
