/* `[ssh://][user@]host[:port]`, and which names are let through. */
import { InvalidArgumentError, given } from "@sremote/protocol";

export interface Destination {
  host: string;
  port?: number | undefined;
  username?: string | undefined;
}

/**
 * Reads `me@host:22`, `host`, `[::1]:22`, `::1` or `ssh://me@host:22`.
 *
 * @throws InvalidArgumentError naming `argument`
 */
export function parseDestination(text: string, argument = "destination"): Destination {
  const rest = text.startsWith("ssh://") ? text.slice("ssh://".length).replace(/\/$/, "") : text;
  const at = rest.lastIndexOf("@");
  const username = at < 0 ? undefined : rest.slice(0, at);
  const { host, port } = splitPort(rest.slice(at + 1), argument);
  const destination: Destination = { host };
  if (port !== undefined) destination.port = port;
  if (username !== undefined) destination.username = username;
  checkDestination(destination, () => `${argument} must have`);
  return destination;
}

function splitPort(text: string, argument: string): { host: string; port?: number } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    const port = bracketed[2];
    return port === undefined ? { host: bracketed[1] ?? "" } : { host: bracketed[1] ?? "", port: readPort(port, argument) };
  }
  const colon = text.indexOf(":");
  // More than one colon without brackets is an IPv6 address without a port.
  if (colon < 0 || text.includes(":", colon + 1)) return { host: text };
  return { host: text.slice(0, colon), port: readPort(text.slice(colon + 1), argument) };
}

function readPort(text: string, argument: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError(`${argument} must have a port from 1 to 65535 after the colon`);
  return Number(text);
}

/**
 * @param mustBe how a sentence about this part begins: `options.port must be`
 * @throws InvalidArgumentError when a name could be read as an option or holds what no host or user name has
 */
export function checkDestination(destination: Destination, mustBe: (part: keyof Destination) => string): void {
  checkHost(destination.host, mustBe("host"));
  if (destination.username !== undefined) checkUsername(destination.username, mustBe("username"));
  const { port } = destination;
  if (port !== undefined && (!Number.isInteger(port) || port < 1 || port > 65_535)) {
    throw new InvalidArgumentError(`${mustBe("port")} a port from 1 to 65535${given(port)}`);
  }
}

// The characters OpenSSH 9.6 refuses, see valid_hostname and valid_ruser in its ssh.c; `%` begins an expansion in ssh_config.
const hostile = /[\s\p{Cc}\p{Cf}'"`$\\;&<>|(){}%]/u;

function checkHost(host: unknown, mustBe: string): void {
  if (typeof host !== "string" || host === "") throw new InvalidArgumentError(`${mustBe} a host name or address`);
  const scopeless = /^[0-9a-f:]+%[\w.-]+$/i.test(host) ? host.replace("%", "") : host;
  if (host.startsWith("-") || host.length > 1025 || hostile.test(scopeless) || /[@/,[\]]/.test(host)) {
    throw new InvalidArgumentError(
      `${mustBe} a host name without a leading dash, slashes, spaces, control characters, quotes or shell characters`,
    );
  }
}

function checkUsername(username: unknown, mustBe: string): void {
  if (typeof username !== "string" || username === "") throw new InvalidArgumentError(`${mustBe} a non-empty user name`);
  // A backslash parts domain and name on some hosts; at the end it would quote what follows.
  const plain = username.replace(/\\(?=.)/g, "");
  if (username.startsWith("-") || hostile.test(plain)) {
    throw new InvalidArgumentError(`${mustBe} a user name without a leading dash, spaces, control characters, quotes or shell characters`);
  }
}

/** `ssh://me@[::1]:22`, with what is known of it. */
export function destinationLabel(destination: Destination, scheme = "ssh"): string {
  const host = destination.host.includes(":") ? `[${destination.host}]` : destination.host;
  const user = destination.username === undefined ? "" : `${destination.username}@`;
  const port = destination.port === undefined ? "" : `:${destination.port}`;
  return `${scheme}://${user}${host}${port}`;
}
