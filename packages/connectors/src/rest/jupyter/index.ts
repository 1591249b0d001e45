/* Jupyter Server, as notebooks and JupyterHub run it. */
import { InvalidArgumentError, checkOptionNames, type OptionNames } from "@sremote/protocol";
import { RestConnector } from "../rest-connector.ts";
import { checkBaseUrl, checkName, checkSecret, restOptionNames } from "../settings.ts";
import type { RestOptions } from "../settings.ts";
import { JupyterServer } from "./jupyter-server.ts";
import { serverUrl } from "./server-url.ts";

export interface JupyterOptions extends RestOptions {
  /**
   * Such as `http://localhost:8888`, or `https://hub.example.org/user/me` behind JupyterHub. Also as the server prints it for a browser, with
   * `?token=` and the page: `http://localhost:8888/lab?token=abc`.
   */
  baseUrl: string | URL;
  /** The server's token, or one of JupyterHub. @default none */
  token?: string | undefined;
  /** Instead of a token. @default none */
  password?: string | undefined;
  /** A kernel of the server that speaks Python. @default the server's own choice */
  kernel?: string | undefined;
}

const optionNames: OptionNames<JupyterOptions> = { ...restOptionNames, baseUrl: true, token: true, password: true, kernel: true };

/**
 * A connector to the host of a Jupyter Server. Commands run beside a kernel of Python that it makes and deletes.
 *
 * @example
 * ```ts
 * import { jupyter } from "sremote";
 *
 * const host = jupyter({ baseUrl: "http://localhost:8888/?token=abc" });
 * ```
 */
export function jupyter(options: JupyterOptions): RestConnector {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", "an object");
  checkOptionNames(options, optionNames);
  const { password, kernel, insecureHttp } = options;
  const { baseUrl, token: inUrl } = serverUrl(options.baseUrl);
  if (inUrl !== undefined && options.token !== undefined && inUrl !== options.token) {
    throw new InvalidArgumentError("options.token differs from the token in `baseUrl`; give one of them");
  }
  const token = options.token ?? inUrl;
  const { host, pathname } = checkBaseUrl(baseUrl, insecureHttp);
  if (token !== undefined) checkSecret(token, "options.token");
  if (token !== undefined && /[^!-~]/.test(token)) throw new InvalidArgumentError("options.token", "a token without spaces");
  if (password !== undefined) checkSecret(password, "options.password");
  if (token !== undefined && password !== undefined) throw new InvalidArgumentError("options.password cannot be combined with a token");
  if (kernel !== undefined) checkName(kernel, "options.kernel");
  const label = `jupyter://${host}${pathname.replace(/\/$/, "")}`;
  return new RestConnector(new JupyterServer({ label, token, password, kernel }), { ...options, baseUrl });
}
