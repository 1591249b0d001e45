export { loadConfiguration } from "./load.ts";
export {
  defaultConfiguration,
  type FleetConfiguration,
  type FleetHostKeyPolicy,
  insecureCluster,
  type ResolvedConfiguration,
} from "./options.ts";
export { defineConfiguration, resolveConfiguration } from "./resolve.ts";
