export type { ConnectorFactory } from "./connect.ts";
export { Fleet, type Hosts } from "./fleet.ts";
export { fleet, localFleet } from "./make-fleet.ts";
export { type DestinationOptions, hostDestinations } from "./host-destinations.ts";
export type { FleetCallOptions, FleetOptions, FleetTransferOptions, OutputOptions, RunOptions } from "./options.ts";
export { RemoteTransfer } from "./remote-transfer.ts";
