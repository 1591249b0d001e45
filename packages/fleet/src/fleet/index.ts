export type { ConnectorFactory } from "./connect.ts";
export { Fleet, fleet, type FleetCallOptions, type FleetTransferOptions, localFleet } from "./fleet.ts";
export type { FleetOptions, OutputOptions, RunOptions } from "./options.ts";
export { RemoteTransfer } from "./remote-transfer.ts";
