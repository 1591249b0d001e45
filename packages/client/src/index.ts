export { RemoteClient } from "./remote-client.ts";
export type { RemoteClientOptions } from "./client-options.ts";
export type { ScriptOptions } from "./code/script.ts";
export type { ShipOptions } from "./code/options.ts";
export { type CodeVersions, ShippedTrees } from "./code/shipped-trees.ts";
export { ShippedCode } from "./code/shipped-code.ts";
export type { CallArguments, CallOptions, ReturnsObject, Runtime } from "./call/options.ts";
export type { CallResult, CapturedOutput } from "./call/result.ts";
export type { BootstrapOptions, BootstrapResult, InstallOptions } from "./install/install.ts";
export type { Discovery } from "./host/locations.ts";
export type { FoundInterpreter, HostReport } from "./host/probe.ts";
export type { AnyModule, KeywordArguments } from "./object/module-proxy.ts";
export type { RemoteFunction, RemoteModule, TypedModule } from "./object/typed-module.ts";
export { type DecodeHooks, defaultSerializer, type EncodeHooks, type Serializer } from "./call/serializer.ts";
export type { CallEvent, ClientEventName, ClientEvents, ConnectEvent, DisconnectEvent, ReconnectEvent } from "./events/client-events.ts";
export { Call, type ItemOf } from "./call/call.ts";
export type { CallOutput, OutputHandling, OutputSink } from "./call/output.ts";
export {
  checkMap,
  type Chunk,
  type ChunkUsage,
  type Lane,
  laneOf,
  type LostHost,
  makeMap,
  type MapItems,
  type MapOptions,
  type MapResult,
  RemoteMap,
  type SettledMap,
} from "./map/index.ts";
export { RemoteIterable, type ResultOf } from "./object/remote-iterable.ts";
export { RemoteObject, type AccessOptions, type Argument, type ArgumentsOf, type Positional } from "./object/remote-object.ts";
export { Interpreter } from "./interpreter/interpreter.ts";
export type { InterpreterOptions, SnippetOptions, VariableOptions } from "./interpreter/options.ts";
export type { ImagePart, JsonPart, OmittedPart, OtherPart, Part, PartBase, TextPart } from "./interpreter/parts.ts";
export { SnippetCall, type SnippetResult } from "./interpreter/snippet-call.ts";
export type { PythonObjectTag, PythonOptions, PythonTag } from "./interpreter/python-tag.ts";
export type { FnOptions, RemoteFn, RemoteObjectFn } from "./interpreter/remote-fn.ts";
