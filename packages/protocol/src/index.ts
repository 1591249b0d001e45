export * from "./code.ts";
export * from "./error.ts";
export * from "./limits.ts";
export * from "./message.ts";
