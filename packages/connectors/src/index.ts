export * from "./byte-string.ts";
export * from "./command-line.ts";
export * from "./connector.ts";
export * from "./local/index.ts";
export * from "./process/index.ts";
export * from "./quote.ts";
export * from "./ssh/index.ts";
