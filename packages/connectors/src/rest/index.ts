export { bytesOf, joined, ofBytes } from "./content.ts";
export type { Content } from "./content.ts";
export type {
  DialectBase,
  DirectRequest,
  Download,
  ProcessDialect,
  RestContext,
  RestDialect,
  RestLimits,
  RunState,
  ScriptDialect,
  ScriptRun,
} from "./dialect.ts";
export { docker } from "./docker/index.ts";
export type { DockerOptions } from "./docker/index.ts";
export { firecrest } from "./firecrest/index.ts";
export type { FirecrestOptions } from "./firecrest/index.ts";
export { form, json, multipart, pathOf } from "./encode.ts";
export type { Encoded } from "./encode.ts";
export { HttpClient, HttpReply } from "./http.ts";
export type { CheckReply, HttpOptions, HttpRequest, HttpLink, OpenReply } from "./http.ts";
export { jupyter } from "./jupyter/index.ts";
export type { JupyterOptions } from "./jupyter/index.ts";
export { newt } from "./newt/index.ts";
export type { NewtOptions } from "./newt/index.ts";
export { clientCredentials } from "./oauth/client-credentials.ts";
export type { ClientCredentialsOptions } from "./oauth/client-credentials.ts";
export { checkPrivateKey } from "./oauth/client-key.ts";
export type { ClientKey, PrivateKeyInput } from "./oauth/client-key.ts";
export { givenToken } from "./oauth/token-source.ts";
export type { GivenToken, TokenSource } from "./oauth/token-source.ts";
export { RestConnector } from "./rest-connector.ts";
export type { RestConnectorOptions } from "./rest-connector.ts";
export { checkBaseUrl, checkName, checkPlainPath, checkSecret } from "./settings.ts";
export type { RestOptions } from "./settings.ts";
export { sfapi } from "./sfapi/index.ts";
export type { SfapiOptions } from "./sfapi/index.ts";
