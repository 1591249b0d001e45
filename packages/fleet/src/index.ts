export * from "./node-set/index.ts";
export * from "./host/index.ts";
