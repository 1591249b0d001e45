/* Everything an application needs, by name: what is not listed here is not part of the product's surface. */

export { defaultSerializer, RemoteClient } from "@sremote/client";
export type {
  BootstrapOptions,
  BootstrapResult,
  CallArguments,
  CallOptions,
  CallResult,
  CapturedOutput,
  Discovery,
  FoundInterpreter,
  HostReport,
  InstallOptions,
  RemoteClientOptions,
  RemoteModule,
  Runtime,
  Serializer,
} from "@sremote/client";

export { createConnector, fromBytes, local, shell, ssh, toBytes } from "@sremote/connectors";
export type {
  AuthenticationPrompt,
  Command,
  Connector,
  ConnectorStatus,
  CustomContext,
  CustomFunctions,
  CustomResult,
  ExecOptions,
  ExecResult,
  HostKey,
  HostKeyPolicy,
  LocalOptions,
  OperationOptions,
  PullSink,
  PushSource,
  RemoteProcess,
  ShellScript,
  SshOptions,
  TransferOptions,
} from "@sremote/connectors";

export {
  codes,
  ConnectError,
  InvalidArgumentError,
  NdArray,
  OutcomeUnknownError,
  ProtocolError,
  RemoteExecError,
  RemoteModulesError,
  RemoteNotSetupError,
  SremoteError,
  TransferError,
  UnserializableError,
} from "@sremote/protocol";
export type {
  Code,
  Dtype,
  Element,
  Failure,
  Frame,
  HostFacts,
  NdArrayOptions,
  Nested,
  Order,
  Outcome,
  RemoteErrorValue,
  RemoteExecDetails,
  SremoteErrorOptions,
  Stage,
  TypedArray,
} from "@sremote/protocol";
