/* What every call of a client finds in its environment. Kept on the client; sent with each call, in its body, never in an argument vector. */
import { type CallMessage, InvalidArgumentError, type Route } from "@sremote/protocol";
import type { Locations } from "../host/locations.ts";
import type { CallCode } from "./code.ts";
import { checkEnvVariable, checkText, fromHome } from "./check-values.ts";
import type { CallOptions, Runtime } from "./options.ts";

/** Modules of the endpoints themselves. */
export const environmentModules: Readonly<Record<Runtime, string>> = {
  python: "sremote_endpoint.environment",
  node: "sremote:environment",
};

/** Those that run a program which comes with the call: `run(text of the program, name of its function, …arguments)`. */
export const extensionModules: Readonly<Record<Runtime, string>> = {
  python: "sremote_endpoint.extension",
  node: "sremote:extension",
};

/** What a client's configuration says of all its calls. */
export interface CallSettings {
  readonly environment: HostEnvironment;
  readonly locations: Locations;
}

type Registered = { readonly value: string; readonly onlyIfUnset: boolean };

export class HostEnvironment {
  readonly variables: Map<string, Registered> = new Map();
  readonly path: string[] = [];

  setVariable(name: string, value: string, onlyIfUnset: boolean): void {
    checkEnvVariable("name", name, value, "value");
    this.variables.set(name, { value, onlyIfUnset });
  }

  appendPath(path: string): void {
    checkText("path", path, "a directory");
    if (path.startsWith("~")) throw new InvalidArgumentError("path", "a directory's absolute path, without `~`");
    if (!this.path.includes(path)) this.path.push(path);
  }
}

/** Says in a message what the call finds. */
export function addEnvironment(
  message: Omit<CallMessage, "args"> | Route,
  options: CallOptions,
  settings: CallSettings,
  code: CallCode | undefined,
): void {
  const { environment, locations } = settings;
  const env = merged(environment.variables, options.env);
  const cwd = options.cwd === undefined ? locations.pwdDir : fromHome("options.cwd", options.cwd);
  if (env.length > 0) message.env = env;
  if (environment.path.length > 0) message.path = [...environment.path];
  if (cwd !== undefined) message.cwd = cwd;
  if (locations.tmpDir !== undefined) message.tmp = locations.tmpDir;
  if (options.loginEnv === true) message.loginEnv = true;
  if (code !== undefined) message.code = [...code.digests];
}

/** The registered variables with a call's own over them. */
function merged(registered: ReadonlyMap<string, Registered>, own: CallOptions["env"] = {}): [string, string, boolean][] {
  const all = new Map(registered);
  for (const [name, value] of Object.entries(own)) all.set(name, { value, onlyIfUnset: false });
  return [...all].map(([name, { value, onlyIfUnset }]) => [name, value, onlyIfUnset]);
}
