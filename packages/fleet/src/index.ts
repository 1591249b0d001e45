export * from "./node-set/index.ts";
