/* FirecREST, the gateway of CSCS and others to clusters. */
import { InvalidArgumentError, checkOptionNames, type OptionNames } from "@sremote/protocol";
import { clientCredentials } from "../oauth/client-credentials.ts";
import { checkGivenToken, givenToken } from "../oauth/token-source.ts";
import type { GivenToken, TokenSource } from "../oauth/token-source.ts";
import { RestConnector } from "../rest-connector.ts";
import { checkBaseUrl, checkName, checkSecret, restOptionNames } from "../settings.ts";
import type { RestOptions } from "../settings.ts";
import { Firecrest2 } from "./firecrest-2.ts";

/** Either a client with its secret, or a token. */
export interface FirecrestOptions extends RestOptions {
  /** Such as `https://api.example.org/hpc/firecrest/v2`. */
  baseUrl: string | URL;
  /** The cluster, as the service names it. */
  system: string;
  /** Id of a client of the service. Required with `clientSecret`. @default none */
  clientId?: string | undefined;
  /** Secret of the client. Either it or `token` is required. @default none */
  clientSecret?: string | undefined;
  /** URL at which the client gets tokens. Required with `clientSecret`. @default none */
  tokenUrl?: string | URL | undefined;
  /**
   * A token instead, or a function that returns one. It is called for the first request, and again when a token was refused.
   *
   * @default none
   */
  token?: GivenToken | undefined;
  /** What jobs are charged to, and where they run. @default as the cluster decides */
  account?: string | undefined;
  /** Partition in which jobs run. @default as the cluster decides */
  partition?: string | undefined;
  /** Reservation in which jobs run. @default none */
  reservation?: string | undefined;
  /** Which nodes will do, as the scheduler has it: `gpu`. @default none */
  constraints?: string | undefined;
}

const optionNames: OptionNames<FirecrestOptions> = {
  ...restOptionNames,
  baseUrl: true,
  system: true,
  clientId: true,
  clientSecret: true,
  tokenUrl: true,
  token: true,
  account: true,
  partition: true,
  reservation: true,
  constraints: true,
};

/**
 * A connector to a cluster behind FirecREST, version 2. Each command is a job.
 *
 * @example
 * ```ts
 * import { firecrest } from "sremote";
 *
 * const token = process.env["TOKEN"] ?? "";
 * const host = firecrest({ baseUrl: "https://api.example.org/firecrest", system: "daint", token });
 * ```
 */
export function firecrest(options: FirecrestOptions): RestConnector {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", "an object");
  checkOptionNames(options, optionNames);
  const { baseUrl, system, insecureHttp, account, partition, reservation, constraints } = options;
  checkBaseUrl(baseUrl, insecureHttp);
  checkName(system, "options.system");
  const placement = { account, partition, reservation, constraints };
  for (const [name, value] of Object.entries(placement)) {
    const valid = value === undefined || (typeof value === "string" && /^[\x21-\x7e]+$/.test(value));
    if (!valid) throw new InvalidArgumentError(`options.${name}`, "a word without spaces");
  }
  const label = `firecrest://${system}`;
  return new RestConnector(new Firecrest2({ system, label, placement, tokens: tokensOf(options, label) }), options);
}

function tokensOf(options: FirecrestOptions, label: string): TokenSource {
  const { clientId, clientSecret, token, tokenUrl, insecureHttp, ca, requestTimeout } = options;
  if ((token === undefined) === (clientSecret === undefined)) {
    throw new InvalidArgumentError("options must have either `clientId`, `clientSecret` and `tokenUrl`, or `token`");
  }
  if (token !== undefined) {
    checkGivenToken(token);
    return givenToken(token, label);
  }
  checkSecret(clientId, "options.clientId");
  checkSecret(clientSecret, "options.clientSecret");
  const checked = checkBaseUrl(tokenUrl, insecureHttp, "options.tokenUrl");
  return clientCredentials({
    tokenUrl: checked,
    clientId,
    proof: { secret: clientSecret },
    label,
    ca,
    requestTimeout,
  });
}
