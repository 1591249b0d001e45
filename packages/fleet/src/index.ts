export * from "./node-set/index.ts";
export * from "./host/index.ts";
export * from "./time/index.ts";
export * from "./gather/index.ts";
export { type Lists, substitute, type SubstituteOptions } from "./substitute.ts";
export * from "./report/index.ts";
export * from "./configuration/index.ts";
export * from "./log/index.ts";
export * from "./transfer/index.ts";
