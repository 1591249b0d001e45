/* For authors of connectors, and for tests of what stands on connectors. */
export { checkConnector, connectorCases, ConnectorCheckError, memory } from "@sremote/connectors/testing";
export type {
  CaseResult,
  CheckOptions,
  CheckReport,
  ConnectorCase,
  Fault,
  MakeConnector,
  MemoryConnector,
  MemoryOptions,
  Operation,
  OperationName,
  RestBed,
  RestFault,
  RestPurpose,
  RestSeen,
} from "@sremote/connectors/testing";
