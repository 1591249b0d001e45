export type { ConnectorFactory } from "./connect.ts";
export { Fleet, fleet, type FleetCallOptions, type FleetTransferOptions, type Hosts, localFleet } from "./fleet.ts";
export type { FleetOptions, OutputOptions, RunOptions } from "./options.ts";
export { RemoteTransfer } from "./remote-transfer.ts";
