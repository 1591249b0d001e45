export { type ConnectionParameters, type ResolvedParameters, resolveParameters } from "./connection-parameters.ts";
export { Host, type HostLike, type HostOptions } from "./host.ts";
export { HostSet, type Position } from "./host-set.ts";
export { type ConfiguredHost, hostSet, type HostSetOptions } from "./resolve-hosts.ts";
export { labelHosts } from "./labels.ts";
