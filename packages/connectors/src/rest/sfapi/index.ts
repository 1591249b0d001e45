/* The Superfacility API of NERSC. */
import { InvalidArgumentError, checkOptionNames, type OptionNames } from "@sremote/protocol";
import { clientCredentials } from "../oauth/client-credentials.ts";
import { checkPrivateKey } from "../oauth/client-key.ts";
import type { PrivateKeyInput } from "../oauth/client-key.ts";
import { checkGivenToken, givenToken } from "../oauth/token-source.ts";
import type { GivenToken, TokenSource } from "../oauth/token-source.ts";
import { RestConnector } from "../rest-connector.ts";
import { checkBaseUrl, checkName, checkRestOptions, checkSecret, restOptionNames } from "../settings.ts";
import type { RestOptions } from "../settings.ts";
import { Sfapi12 } from "./sfapi-1-2.ts";

const nerscApi = "https://api.nersc.gov/api/v1.2";
const nerscTokens = "https://oidc.nersc.gov/c2id/token";

/** Either a client with its key, or a token. */
export interface SfapiOptions extends RestOptions {
  /** The host, as the service names it: `perlmutter`, `dtns`. */
  machine: string;
  /** A client of the service that may run commands. @default none */
  clientId?: string | undefined;
  /** Its key: PEM text, or a JSON Web Key as text or object. @default none */
  privateKey?: PrivateKeyInput | undefined;
  /**
   * A token instead, or a function that returns one. It is called for the first request, and again when a token was refused.
   *
   * @default none
   */
  token?: GivenToken | undefined;
  /** URL of the service. @default NERSC's */
  baseUrl?: string | URL | undefined;
  /** Where the client gets tokens. @default NERSC's */
  tokenUrl?: string | URL | undefined;
}

const optionNames: OptionNames<SfapiOptions> = {
  ...restOptionNames,
  machine: true,
  clientId: true,
  privateKey: true,
  token: true,
  baseUrl: true,
  tokenUrl: true,
};

/**
 * A connector to a host behind the Superfacility API, version 1.2.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 * import { sfapi } from "sremote";
 *
 * const host = sfapi({ machine: "perlmutter", clientId: "abc123", privateKey: readFileSync("key.pem", "utf8") });
 * ```
 */
export function sfapi(options: SfapiOptions): RestConnector {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", "an object");
  checkOptionNames(options, optionNames);
  const { machine, baseUrl = nerscApi, insecureHttp } = options;
  checkBaseUrl(baseUrl, insecureHttp);
  checkName(machine, "options.machine");
  const label = `sfapi://${machine}`;
  const { pollInterval } = checkRestOptions(options);
  return new RestConnector(new Sfapi12(machine, label, tokensOf(options, label), pollInterval), { ...options, baseUrl });
}

function tokensOf(options: SfapiOptions, label: string): TokenSource {
  const { clientId, privateKey, token, tokenUrl = nerscTokens, insecureHttp, ca, requestTimeout } = options;
  if ((token === undefined) === (privateKey === undefined)) {
    throw new InvalidArgumentError("options must have either `clientId` and `privateKey`, or `token`");
  }
  if (token !== undefined) {
    checkGivenToken(token);
    return givenToken(token, label);
  }
  checkSecret(clientId, "options.clientId");
  const proof = { key: checkPrivateKey(privateKey) };
  const checked = checkBaseUrl(tokenUrl, insecureHttp, "options.tokenUrl");
  return clientCredentials({ tokenUrl: checked, clientId, proof, label, ca, requestTimeout });
}
