/* One host, as a value. */
import { checkDestination, parseDestination } from "@sremote/connectors";
import type { SshOptions } from "@sremote/connectors";
import { InvalidArgumentError, checkOptionNames, type OptionNames, checkObject } from "@sremote/protocol";
import { checkParameters, resolveParameters, toSshOptions } from "./connection-parameters.ts";
import type { ConnectionParameters } from "./connection-parameters.ts";

export interface HostOptions extends ConnectionParameters {
  /** A name or an address, or a `Host` of ssh_config. */
  address: string;
  /** What the host is called in sets, reports and output. @default its address */
  name?: string | undefined;
}

/** A host, or what makes one: `node1`, `me@node1:22`, `[::1]:22`, or all as options. */
export type HostLike = string | HostOptions | Host;

const optionNames: OptionNames<HostOptions> = { address: true, name: true, username: true, port: true, privateKeyPath: true };

/**
 * A host does not change. Two hosts are the same if name, address, user, port and private key are; a user that is not said (undefined),
 * none (null) and one with a name are three different things.
 */
export class Host implements Readonly<HostOptions> {
  readonly name: string;
  readonly address: string;
  readonly username: string | null | undefined;
  readonly port: number | null | undefined;
  readonly privateKeyPath: string | null | undefined;
  /** Equal for equal hosts, and only for them. */
  readonly key: string;

  /** @throws InvalidArgumentError */
  constructor(options: HostOptions, argument = "host") {
    if (typeof options !== "object" || options === null) throw new InvalidArgumentError(argument, "a host as a string or an object");
    checkOptionNames(options, optionNames, argument);
    checkDestination({ host: options.address }, () => `${argument}.address must be`);
    checkParameters(options, argument);
    const { address, name = address, username, port, privateKeyPath } = options;
    if (typeof name !== "string" || name === "" || /[\s\p{Cc}\p{Cf}]/u.test(name)) {
      throw new InvalidArgumentError(`${argument}.name`, "a name without blanks and control characters");
    }
    this.name = name;
    this.address = address;
    this.username = username;
    this.port = port;
    this.privateKeyPath = privateKeyPath;
    // JSON has no undefined: a list in a list is what no parameter is.
    this.key = JSON.stringify([name, address, ...[username, port, privateKeyPath].map((each) => (each === undefined ? [] : each))]);
    Object.freeze(this);
  }

  /** @throws InvalidArgumentError */
  static from(host: HostLike, argument = "host"): Host {
    if (host instanceof Host) return host;
    if (typeof host !== "string") return new Host(host, argument);
    const { host: address, username, port } = parseDestination(host, argument);
    return new Host({ address, username, port }, argument);
  }

  /** @throws InvalidArgumentError */
  equals(other: Host): boolean {
    return this.key === Host.from(other, "other").key;
  }

  /** The same host but for these. */
  with(changes: Partial<HostOptions>): Host {
    checkObject(changes, "changes");
    const { name, address, username, port, privateKeyPath } = this;
    return new Host({ name, address, username, port, privateKeyPath, ...changes });
  }

  /**
   * How to reach it: what the host says, else the call, else the defaults. Unset parameters are left out, so that ssh_config decides.
   */
  sshOptions(
    call?: ConnectionParameters,
    defaults?: ConnectionParameters,
  ): Pick<SshOptions, "host" | "username" | "port" | "privateKeyPath"> {
    if (call !== undefined) checkObject(call, "call");
    if (defaults !== undefined) checkObject(defaults, "defaults");
    return toSshOptions(this.address, resolveParameters(this, call, defaults));
  }

  /** `me@node1:22`, with as much as the host says itself. */
  toString(): string {
    const username = this.username === undefined || this.username === null ? "" : `${this.username}@`;
    const port = this.port === undefined || this.port === null ? "" : `:${this.port}`;
    return `${username}${port !== "" && this.name.includes(":") ? `[${this.name}]` : this.name}${port}`;
  }
}
