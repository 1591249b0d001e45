/* For authors of connectors. */
export { checkConnector, connectorCases, ConnectorCheckError } from "@sremote/connectors/testing";
export type { CaseResult, CheckOptions, CheckReport, ConnectorCase, MakeConnector } from "@sremote/connectors/testing";

/* For tests of what stands on connectors. */
export { memory } from "@sremote/connectors";
export type { Fault, MemoryConnector, MemoryOptions, Operation, OperationName } from "@sremote/connectors";
