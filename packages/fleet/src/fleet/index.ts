export type { ConnectorFactory } from "./connect.ts";
export { Fleet, fleet, type FleetCallOptions, localFleet } from "./fleet.ts";
export type { FleetOptions, OutputOptions, RunOptions } from "./options.ts";
