/* The connector of a host, as the configuration has it. */
import { type Connector, openssh, ssh } from "@sremote/connectors";
import type { ResolvedConfiguration } from "../configuration/index.ts";
import { connectorOf, type Host } from "../host/index.ts";

/** Makes the connector of a host. Called once for each, when it is first needed. */
export type ConnectorFactory = (host: Host, configuration: ResolvedConfiguration) => Connector;

export function defaultConnector(host: Host, configuration: ResolvedConfiguration): Connector {
  const configured = configuration.hosts[host.name]?.connect;
  // `me@box` is another host than the `box` of the configuration: one by SSH.
  if (configured !== undefined && host.username === undefined && host.port === undefined)
    return connectorOf(configured, `configuration.hosts.${host.name}.connect`);
  const { username, port, privateKeyPath, hostKey, sshConfig, connectTimeout, connector } = configuration;
  const options = { ...host.sshOptions(undefined, { username, port, privateKeyPath }), sshConfig };
  if (connector === "ssh") {
    return ssh({ ...options, hostKey: hostKey === "insecure" ? () => true : hostKey, connectTimeout });
  }
  const anyKey = { StrictHostKeyChecking: "no", UserKnownHostsFile: "/dev/null", GlobalKnownHostsFile: "/dev/null" };
  return openssh({ ...options, connectTimeout, ...(hostKey === "insecure" ? { sshOptions: anyKey } : { hostKey }) });
}
