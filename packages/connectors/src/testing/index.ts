export { memory } from "../memory/index.ts";
export type { Fault, MemoryConnector, MemoryOptions, Operation, OperationName } from "../memory/index.ts";
export type { CheckOptions, ConnectorCase, MakeConnector } from "./case.ts";
export * from "./check.ts";
