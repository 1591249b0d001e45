export { findConfiguration } from "./find.ts";
export { loadConfiguration } from "./load.ts";
export {
  defaultConfiguration,
  type FleetConfiguration,
  type FleetHostKeyPolicy,
  insecureCluster,
  type ResolvedConfiguration,
} from "./options.ts";
export { defineConfig, resolveConfiguration } from "./resolve.ts";
