export { local } from "./connector.ts";
export type { LocalOptions } from "./connector.ts";
