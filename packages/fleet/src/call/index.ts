export { RemoteCall } from "./remote-call.ts";
