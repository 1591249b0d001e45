export { exitCodes, type ExitCode } from "./exit-code.ts";
export { run } from "./run.ts";
