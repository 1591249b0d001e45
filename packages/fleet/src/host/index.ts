export { type ConnectionParameters, type ResolvedParameters, resolveParameters } from "@sremote/process";
export { Host, type HostLike, type HostOptions } from "@sremote/process";
export { HostSet, type Position } from "./host-set.ts";
export { checkConnect, connectorOf, type ConnectorSettings } from "./connector-kinds.ts";
export { type ConfiguredHost, hostSet, type HostSetOptions } from "./resolve-hosts.ts";
export { labelHosts } from "./labels.ts";
