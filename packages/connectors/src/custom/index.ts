export { createConnector } from "./custom-connector.ts";
export type { CustomContext, CustomFunctions, CustomResult, CustomTransferContext } from "./functions.ts";
