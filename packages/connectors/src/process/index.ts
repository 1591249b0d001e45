export * from "./exec.ts";
export * from "./push.ts";
export * from "./pull.ts";
export * from "./start.ts";
