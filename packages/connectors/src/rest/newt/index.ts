/* NEWT, NERSC's first REST interface, retired there: for services that speak as it did. */
import { InvalidArgumentError, checkOptionNames, type OptionNames } from "@sremote/protocol";
import { RestConnector } from "../rest-connector.ts";
import { checkBaseUrl, checkName, checkSecret, restOptionNames } from "../settings.ts";
import type { RestOptions } from "../settings.ts";
import { Newt1 } from "./newt-1.ts";
import { Newt2 } from "./newt-2.ts";

export interface NewtOptions extends RestOptions {
  /** Such as `https://gateway.example.org/newt`. */
  baseUrl: string | URL;
  /** The host behind the service, as it names it: `edison`. */
  machine: string;
  username: string;
  password: string;
  /** 1: the service as of 2010 to 2019, below `/newt`. 2: `NERSC/newt-2.0`, below `/api`. @default 1 */
  version?: 1 | 2 | undefined;
  /** Whether commands get the environment of a login. @default false */
  loginEnv?: boolean | undefined;
}

const optionNames: OptionNames<NewtOptions> = {
  ...restOptionNames,
  baseUrl: true,
  machine: true,
  username: true,
  password: true,
  version: true,
  loginEnv: true,
};

/**
 * A connector to a host behind a service with the NEWT interface.
 *
 * @example
 * ```ts
 * import { newt } from "sremote";
 *
 * const password = process.env["PASSWORD"] ?? "";
 * const host = newt({ baseUrl: "https://gateway.example.org/newt", machine: "edison", username: "me", password });
 * ```
 */
export function newt(options: NewtOptions): RestConnector {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", "an object");
  checkOptionNames(options, optionNames);
  const { baseUrl, machine, username, password, loginEnv = false, version = 1, insecureHttp } = options;
  checkBaseUrl(baseUrl, insecureHttp);
  checkName(machine, "options.machine");
  checkSecret(username, "options.username");
  checkSecret(password, "options.password");
  if (typeof loginEnv !== "boolean") throw new InvalidArgumentError("options.loginEnv", "true or false");
  if (version !== 1 && version !== 2) throw new InvalidArgumentError("options.version", "1 or 2");
  const dialect = new (version === 1 ? Newt1 : Newt2)({ machine, username, password, loginEnv });
  return new RestConnector(dialect, options);
}
