export { memory } from "../memory/index.ts";
export type { Fault, MemoryConnector, MemoryOptions, Operation, OperationName } from "../memory/index.ts";
export type { CheckOptions, ConnectorCase, MakeConnector } from "./case.ts";
export * from "./check.ts";
export type { RestBed, RestFault, RestPurpose, RestSeen } from "./rest-bed.ts";
