/* From what a caller writes to a set of hosts. */
import type { Connector } from "@sremote/connectors";
import { InvalidArgumentError, checkOptionNames, type OptionNames } from "@sremote/protocol";
import { expand, type ExpandOptions, toGroups } from "../node-set/index.ts";
import { Host, type HostLike, type HostOptions } from "@sremote/process";
import type { ConnectorSettings } from "./connector-kinds.ts";
import { HostSet } from "./host-set.ts";

/** What is known of a host by its name, which is its address where none is said. */
export interface ConfiguredHost extends Omit<HostOptions, "name" | "address"> {
  /** A name or an address, or a `Host` of ssh_config. @default the host's name here */
  address?: string | undefined;
  /**
   * How it is reached, instead of SSH to its address: a function that makes its connector, or the connector's kind and options.
   *
   * @default SSH, as the configuration says
   * @example { box: { connect: () => docker({ container: "box" }) } }
   */
  connect?: ConnectorSettings | (() => Connector) | undefined;
}

export interface HostSetOptions extends ExpandOptions {
  /** A username for each host, by index. A host that says its own keeps it. @default none */
  usernames?: readonly (string | null)[] | undefined;
  /** What is known of hosts by name: their addresses, users, ports. Wildcards match these names. @default none */
  hosts?: Readonly<Record<string, ConfiguredHost>> | undefined;
}

const optionNames: OptionNames<HostSetOptions> = { groups: true, known: true, limit: true, usernames: true, hosts: true };

/**
 * The hosts of a node set (`me@node[01-16]:22,gpu*`, see `expand`), of a list of node sets and hosts, or of one host.
 *
 * Each host is there once: of several with the same name, address, user, port and private key, the first. The same name with another user is
 * another host. Users are given by index before that, so that `["a", "a"]` with two users are two hosts.
 *
 * @throws InvalidArgumentError
 *
 * @example
 * ```ts
 * import { hostSet } from "sremote/fleet";
 *
 * const hosts = hostSet("me@node[1-3]:22,@gpu", { groups: { gpu: "gpu[1-4]" } });
 * ```
 */
export function hostSet(hosts: HostLike | Iterable<HostLike>, options: HostSetOptions = {}): HostSet {
  checkOptionNames(options, optionNames);
  if (hosts instanceof HostSet && options.usernames === undefined) return hosts;
  const configured = new Map(Object.entries(options.hosts ?? {}));
  const known = [...configured.keys(), ...(options.known ?? [])];
  const named = (name: string): Host => {
    const facts = configured.get(name);
    if (facts === undefined) return Host.from(name, "nodes");
    const { connect: _, address = name, ...parameters } = facts;
    return new Host({ ...parameters, address, name }, `hosts.${name}`);
  };
  const groups = toGroups(options.groups);
  const all = listOf(hosts).flatMap((each) =>
    typeof each === "string" ? expand(each, { limit: options.limit, groups, known }).map(named) : [Host.from(each)],
  );
  return new HostSet(options.usernames === undefined ? all : withUsers(all, options.usernames));
}

function listOf(hosts: HostLike | Iterable<HostLike>): HostLike[] {
  if (typeof hosts === "string" || hosts instanceof Host) return [hosts];
  if (typeof hosts === "object" && hosts !== null) return Symbol.iterator in hosts ? [...hosts] : [hosts];
  throw new InvalidArgumentError("hosts", "a node set, a host, or a list of them");
}

function withUsers(hosts: readonly Host[], usernames: readonly (string | null)[]): Host[] {
  if (!Array.isArray(usernames)) throw new InvalidArgumentError("usernames", "a list with a user for each host");
  if (usernames.length !== hosts.length) {
    throw new InvalidArgumentError("usernames", `a list with a user for each of ${hosts.length} hosts, not ${usernames.length}`);
  }
  return hosts.map((host, index) => (host.username === undefined ? host.with({ username: usernames[index] }) : host));
}
