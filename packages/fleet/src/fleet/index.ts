export type { ConnectorFactory } from "./connect.ts";
export { Fleet, fleet, type Hosts, localFleet } from "./fleet.ts";
export type { FleetCallOptions, FleetOptions, FleetTransferOptions, OutputOptions, RunOptions } from "./options.ts";
export { RemoteTransfer } from "./remote-transfer.ts";
