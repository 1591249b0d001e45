/* How a host is reached, as far as it is said. */
import { checkDestination } from "@sremote/connectors";
import type { SshOptions } from "@sremote/connectors";
import { InvalidArgumentError } from "@sremote/protocol";

/** In each, undefined leaves the choice to the next level (host, call, defaults); null says none, and ends the search. */
export interface ConnectionParameters {
  /** Name to log in with. Null: what ssh_config says, else the local user's name. @default the next level decides */
  username?: string | null | undefined;
  /** Port of the host's SSH server. Null: what ssh_config says, else 22. @default the next level decides */
  port?: number | null | undefined;
  /** Path of a private key. Null: those of ssh_config and of the agent. @default the next level decides */
  privateKeyPath?: string | null | undefined;
}

const names = ["username", "port", "privateKeyPath"] as const;

/** What is left when every level has had its say: `undefined` where no level said anything, or one said none. */
export interface ResolvedParameters {
  username: string | undefined;
  port: number | undefined;
  privateKeyPath: string | undefined;
}

/** The first level that speaks wins. @param levels from the strongest to the weakest: host, call, defaults */
export function resolveParameters(...levels: readonly (ConnectionParameters | undefined)[]): ResolvedParameters {
  const first = <Name extends (typeof names)[number]>(name: Name): NonNullable<ConnectionParameters[Name]> | undefined =>
    levels.find((level) => level?.[name] !== undefined)?.[name] ?? undefined;
  return { username: first("username"), port: first("port"), privateKeyPath: first("privateKeyPath") };
}

/** As the connectors know them. */
export function toSshOptions(
  address: string,
  { username, port, privateKeyPath }: ResolvedParameters,
): Pick<SshOptions, "host" | "username" | "port" | "privateKeyPath"> {
  return {
    host: address,
    ...(username === undefined ? {} : { username }),
    ...(port === undefined ? {} : { port }),
    ...(privateKeyPath === undefined ? {} : { privateKeyPath }),
  };
}

/** @throws InvalidArgumentError naming the parameter */
export function checkParameters({ username, port, privateKeyPath }: ConnectionParameters, argument: string): void {
  const named = (part: string): string => `${argument}.${part} must be`;
  if (username !== undefined && username !== null) checkDestination({ host: "any", username }, named);
  if (port !== undefined && port !== null) checkDestination({ host: "any", port }, named);
  if (privateKeyPath === undefined || privateKeyPath === null) return;
  if (typeof privateKeyPath !== "string" || privateKeyPath === "" || /[\0\n\r]/.test(privateKeyPath)) {
    throw new InvalidArgumentError(`${argument}.privateKeyPath`, "the path of a private key");
  }
}
