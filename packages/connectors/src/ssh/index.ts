/* The SSH connector. */
import { checkObject } from "@sremote/protocol";
import type { Connector } from "../connector.ts";
import { parseDestination } from "./destination.ts";
import { checkSshOptions } from "./options.ts";
import type { SshOptions } from "./options.ts";
import { SshConnector } from "./ssh-connector.ts";

export type { SshAlgorithms } from "./algorithm-options.ts";
export { checkDestination, type Destination, destinationLabel, parseDestination } from "./destination.ts";
export { type AuthenticationPrompt, defaultStartTimeout, type HostKey, type HostKeyPolicy, type SshOptions } from "./options.ts";
export type { AgentKey, AgentSignOptions, SshAgent } from "./ssh-agent.ts";
export { canShareConnection } from "./client-platform.ts";
export { expandHome } from "./home.ts";
export { killScript } from "./kill-script.ts";

/**
 * A host over SSH, by ssh2: strict host keys, the user's ssh_config, keys, agent, password, jump hosts. Connects when first used and
 * again after a lost link. For certificates, Kerberos, security keys or ProxyCommand see `openssh`.
 *
 * @param destination `host`, `me@host:22`, `[::1]:22`, a `Host` of ssh_config, or all as options
 * @throws InvalidArgumentError
 *
 * @example
 * ```ts
 * import { RemoteClient, ssh } from "sremote";
 *
 * await using client = new RemoteClient(ssh("me@gpu.example.org"));
 * ```
 */
export function ssh(destination: string | SshOptions, options: Omit<SshOptions, "host"> = {}): Connector {
  checkObject(options, "options");
  const given = typeof destination === "string" ? { ...options, ...parseDestination(destination) } : { ...options, ...destination };
  checkSshOptions(given);
  return new SshConnector(given);
}
