export { backOff, pause } from "./back-off.ts";
export * from "./byte-string.ts";
export * from "./command-line.ts";
export * from "./connector.ts";
export {
  createConnector,
  type CustomContext,
  type CustomFunctions,
  type CustomResult,
  type CustomTransferContext,
} from "./custom/index.ts";
export { local, type LocalOptions } from "./local/index.ts";
export { type Fault, memory, type MemoryConnector, type MemoryOptions, type Operation, type OperationName } from "./memory/index.ts";
export { execOverProcess, pullOverProcess, pushOverProcess, type StartOptions, type StartProcess } from "./process/index.ts";
export * from "./quote.ts";
export { belowHome, hasUnknownTilde, quotePath } from "./remote-path.ts";
export {
  bytesOf,
  checkBaseUrl,
  type CheckReply,
  checkName,
  checkPlainPath,
  checkPrivateKey,
  checkSecret,
  clientCredentials,
  type ClientCredentialsOptions,
  type ClientKey,
  type Content,
  type DialectBase,
  type DirectRequest,
  docker,
  type DockerOptions,
  type Download,
  type Encoded,
  firecrest,
  type FirecrestOptions,
  form,
  type GivenToken,
  givenToken,
  HttpClient,
  type HttpOptions,
  type HttpRequest,
  joined,
  json,
  jupyter,
  type JupyterOptions,
  type HttpLink,
  multipart,
  newt,
  type NewtOptions,
  ofBytes,
  type OpenReply,
  pathOf,
  type PrivateKeyInput,
  type ProcessDialect,
  HttpReply,
  RestConnector,
  type RestConnectorOptions,
  type RestContext,
  type RestDialect,
  type RestLimits,
  type RestOptions,
  type RunState,
  type ScriptDialect,
  type ScriptRun,
  sfapi,
  type SfapiOptions,
  type TokenSource,
} from "./rest/index.ts";
export {
  type AgentKey,
  type AgentSignOptions,
  type AuthenticationPrompt,
  checkDestination,
  type Destination,
  type HostKey,
  type HostKeyPolicy,
  parseDestination,
  ssh,
  type SshAgent,
  type SshAlgorithms,
  type SshOptions,
} from "./ssh/index.ts";
export { openssh, type OpenSshOptions } from "./openssh/index.ts";
export { orAborted, settledWithin, withDeadline, type OperationPlace } from "./deadline.ts";
export { warnOfHandler } from "./handler-warning.ts";
export { programOf } from "./sessions-in-use.ts";
export { showAs } from "./shown.ts";
export { Slots } from "./slots.ts";
export { markOwned, ownBytes } from "./own-bytes.ts";
export { errnoOf } from "./errno.ts";
export { codeOfMessage, shownPath, transferError } from "./transfer/error.ts";
export { checkConnectorShape, checkDeadline } from "./argument.ts";
