export type { CheckOptions, ConnectorCase, MakeConnector } from "./case.ts";
export * from "./check.ts";
