export { local, localNamed } from "./connector.ts";
export type { LocalOptions } from "./connector.ts";
