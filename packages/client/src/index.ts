export { RemoteClient } from "./remote-client.ts";
export type { RemoteClientOptions } from "./client-options.ts";
export type { CallArguments, CallOptions, Runtime } from "./call-options.ts";
export type { CallResult, CapturedOutput } from "./call-result.ts";
export type { BootstrapOptions, BootstrapResult, InstallOptions } from "./install.ts";
export type { Discovery } from "./locations.ts";
export type { FoundInterpreter, HostReport } from "./probe.ts";
export type { RemoteModule } from "./module-proxy.ts";
export { defaultSerializer, type Serializer } from "./serializer.ts";
