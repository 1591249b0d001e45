/* Hosts as `sremote.config.…` has them. */
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Connector, local } from "@sremote/connectors";
import type { FleetConfiguration, Host, ResolvedConfiguration } from "@sremote/fleet";
import { InvalidArgumentError } from "@sremote/protocol";
import { type Answers, checkNoSshOptions, connectorFor, type HostDefaults, type HostOptions } from "./host-options.ts";

/** The file that was named, else the nearest one, else undefined. @throws InvalidArgumentError naming what is wrong with it */
export async function configurationOf({ config }: HostOptions): Promise<FleetConfiguration | undefined> {
  if (config === false || (config === undefined && !isAnyThere(process.cwd()))) return undefined;
  // Loaded when it is needed: a call of a host that no file names does without.
  const { loadConfiguration } = await import("@sremote/fleet");
  return loadConfiguration(config);
}

function isAnyThere(directory: string): boolean {
  if (namesIn(directory).some((name) => name.startsWith("sremote.config."))) return true;
  return dirname(directory) !== directory && isAnyThere(dirname(directory));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // one above that we may not read has nothing that we would run
  }
}

/** The connector of HOST, of which nothing is connected yet. @throws InvalidArgumentError */
export async function openConnector(host: string, options: HostOptions, answers: Answers = {}): Promise<Connector> {
  const configuration = await configurationOf(options);
  if (configuration === undefined || host.includes("://")) return connectorFor(host, options, answers);
  const { connectorOf, hostSet, resolveConfiguration } = await import("@sremote/fleet");
  const resolved = resolveConfiguration(configuration);
  const set = hostSet(host, { groups: resolved.groups, hosts: resolved.hosts });
  if (set.length !== 1) throw new InvalidArgumentError("HOST", `one host; ${host} are ${set.length}`);
  return connectorWith(connectorOf, set.at(0), resolved, options, answers);
}

/** @param connectorOf that of fleets, once they are loaded */
export function connectorWith(
  connectorOf: typeof import("@sremote/fleet").connectorOf,
  host: Host,
  configuration: ResolvedConfiguration,
  options: HostOptions,
  answers: Answers = {},
): Connector {
  const { name, address, username, port } = host;
  const connect = username === undefined && port === undefined ? configuration.hosts[name]?.connect : undefined;
  if (connect !== undefined) {
    checkNoSshOptions(options, `${name} is reached as the configuration says`);
    return connectorOf(connect, `configuration.hosts.${name}.connect`);
  }
  if (name === "local" && address === "local" && username === undefined && port === undefined) return local();
  // What the file says of the host is no part of HOST as written: options win over it.
  const written = configuration.hosts[name] === undefined ? host : { address, username: undefined, port: undefined };
  return connectorFor(destination(written), options, answers, defaultsOf(host, written, configuration));
}

type Written = Pick<Host, "address" | "username" | "port">;

function destination({ address, username, port }: Written): string {
  const user = username === undefined || username === null ? "" : `${username}@`;
  const place = address.includes(":") ? `[${address}]` : address;
  return `${user}${place}${port === undefined || port === null ? "" : `:${port}`}`;
}

function defaultsOf(host: Host, written: Written, configuration: ResolvedConfiguration): HostDefaults {
  const { username, port, privateKeyPath, sshConfig, connectTimeout, hostKey, connector } = configuration;
  const own = { ...host.sshOptions(undefined, { username, port, privateKeyPath }) };
  return {
    ...(written.username === undefined && own.username !== undefined ? { username: own.username } : {}),
    ...(written.port === undefined && own.port !== undefined ? { port: own.port } : {}),
    ...(own.privateKeyPath === undefined ? {} : { privateKeyPath: own.privateKeyPath }),
    sshConfig,
    connectTimeout,
    hostKey,
    connector,
  };
}
