export { mapOver } from "./fleet-map.ts";
export type { FleetMapOptions, SettledFleetMap } from "./options.ts";
