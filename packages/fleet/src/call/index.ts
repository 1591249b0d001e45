export { type MakeCall, RemoteCall } from "./remote-call.ts";
export { takeArguments } from "./take-arguments.ts";
