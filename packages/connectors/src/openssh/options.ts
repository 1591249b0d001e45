/* What a caller may say about a connection by the system's ssh, and how it is said to ssh. */
import { InvalidArgumentError, checkOptionNames, type OptionNames, given } from "@sremote/protocol";
import { keepaliveTimes, isDeadline, isInterval } from "../argument.ts";
import { checkDestination, expandHome, parseDestination } from "../ssh/index.ts";
import type { SshPaths } from "./paths.ts";

export const defaultConnectTimeout = 20_000;

export interface OpenSshOptions {
  /** A host, an address, or a `Host` of ssh_config. */
  host: string;
  /** Port of the host's SSH server. @default the user's ssh_config, else 22 */
  port?: number | undefined;
  /** Name to log in with. @default the user's ssh_config, else the local user's name */
  username?: string | undefined;
  /** Files with private keys, tried before those of ssh_config. A passphrase can only come from an agent. @default those of ssh_config */
  privateKeyPath?: string | readonly string[] | undefined;
  /** Which host keys are accepted. A question that ssh would ask counts as no. @default what ssh_config says */
  hostKey?: "strict" | "accept-new" | undefined;
  /** known_hosts files instead of those of ssh_config. @default those of ssh_config */
  knownHosts?: string | readonly string[] | undefined;
  /** The user's ssh_config (true), none (false), or a file instead of it. @default true */
  sshConfig?: boolean | string | undefined;
  /** Hosts to go through, as for `ssh -J`. @default what ssh_config says */
  jump?: string | undefined;
  /** Milliseconds between probes of an idle link, rounded up to seconds. @default 15 000; 0 for none */
  keepaliveInterval?: number | undefined;
  /** Unanswered probes after which the link counts as lost. @default 3 */
  keepaliveCountMax?: number | undefined;
  /** Milliseconds for reaching the host, rounded up to seconds. @default 20 000 */
  connectTimeout?: number | undefined;
  /**
   * Milliseconds for the host to start a command over a connection that stands: for its answer, and then for the account's start-up files.
   * @default 20_000
   */
  startTimeout?: number | undefined;
  /** Whether commands share one connection (ControlMaster). @default true; false on Windows, whose `ssh` cannot */
  multiplex?: boolean | undefined;
  /** The program. @default `ssh` */
  program?: string | undefined;
  /** More options of ssh_config, such as `{CertificateFile: "…", PKCS11Provider: "…"}`. They win over the user's file. @default none */
  sshOptions?: Readonly<Record<string, string>> | undefined;
}

const isPath = (value: unknown): boolean => typeof value === "string" && value !== "" && !/[\0\n\r]/.test(value);
const isPaths = (value: unknown): boolean => isPath(value) || (Array.isArray(value) && value.length > 0 && value.every(isPath));

const optionNames: OptionNames<OpenSshOptions> = {
  host: true,
  port: true,
  username: true,
  privateKeyPath: true,
  hostKey: true,
  knownHosts: true,
  sshConfig: true,
  jump: true,
  keepaliveInterval: true,
  keepaliveCountMax: true,
  connectTimeout: true,
  startTimeout: true,
  multiplex: true,
  program: true,
  sshOptions: true,
};

/** @throws InvalidArgumentError naming the option */
export function checkOpenSshOptions(options: OpenSshOptions): void {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", "a destination or an object of options");
  checkOptionNames(options, optionNames);
  checkDestination(options, (part) => `options.${part} must be`);
  const optional = (name: keyof OpenSshOptions, expected: string, accepts: (value: unknown) => boolean): void => {
    const value: unknown = options[name];
    if (value !== undefined && !accepts(value)) throw new InvalidArgumentError(`options.${name}`, `${expected}${given(value)}`);
  };
  optional("privateKeyPath", "a path or a list of paths", isPaths);
  optional("hostKey", '"strict" or "accept-new"', (value) => value === "strict" || value === "accept-new");
  optional("knownHosts", "a path or a list of paths", isPaths);
  optional("sshConfig", "true, false or a path", (value) => typeof value === "boolean" || isPath(value));
  optional("keepaliveInterval", keepaliveTimes, isInterval);
  optional("keepaliveCountMax", "a whole number, 1 or more", (value) => Number.isInteger(value) && Number(value) >= 1);
  optional("connectTimeout", "a number of milliseconds, 1 or more", isDeadline);
  optional("startTimeout", "a number of milliseconds, 1 or more", isDeadline);
  optional("multiplex", "true or false", (value) => typeof value === "boolean");
  optional("program", "a program's name or path", isPath);
  if (options.jump !== undefined) for (const part of options.jump.split(",")) parseDestination(part, "options.jump");
  for (const [name, value] of Object.entries(options.sshOptions ?? {})) {
    if (!/^[A-Za-z0-9]+$/.test(name)) throw new InvalidArgumentError("options.sshOptions must have names of ssh_config options as keys");
    if (typeof value !== "string" || /[\0\n\r]/.test(value)) {
      throw new InvalidArgumentError(`options.sshOptions.${name}`, "a string without line breaks");
    }
  }
}

const set = (name: string, value: string): string[] => ["-o", `${name}=${value}`];

/** ssh takes no longer time. */
const seconds = (milliseconds: number): string => String(Math.min(Math.ceil(milliseconds / 1000), 2 ** 31 - 1));

/** The arguments that every invocation has; the destination follows after `--`. ssh takes the first value it is given of an option. */
export function sshArguments(options: OpenSshOptions, paths: SshPaths): string[] {
  const keys = typeof options.privateKeyPath === "string" ? [options.privateKeyPath] : (options.privateKeyPath ?? []);
  const known = typeof options.knownHosts === "string" ? [options.knownHosts] : options.knownHosts;
  const interval = options.keepaliveInterval ?? 15_000;
  const args = [
    // No terminal, X11 or agent for the host (G36), nothing that asks, and no forwarding of ssh_config.
    "-T",
    "-x",
    "-a",
    ...set("BatchMode", "yes"),
    ...set("EscapeChar", "none"),
    ...set("ClearAllForwardings", "yes"),
    ...set("PermitLocalCommand", "no"),
    ...set("RemoteCommand", "none"),
    ...set("Tunnel", "no"),
    ...set("LogLevel", "VERBOSE"),
    ...set("ServerAliveInterval", seconds(interval)),
    ...set("ServerAliveCountMax", String(options.keepaliveCountMax ?? 3)),
    ...set("ConnectTimeout", seconds(options.connectTimeout ?? defaultConnectTimeout)),
  ];
  if (options.sshConfig === false) args.push("-F", "none");
  else if (typeof options.sshConfig === "string") args.push("-F", expandHome(options.sshConfig));
  if (options.port !== undefined) args.push("-p", String(options.port));
  if (options.username !== undefined) args.push("-l", options.username);
  if (options.hostKey !== undefined) args.push(...set("StrictHostKeyChecking", options.hostKey === "strict" ? "yes" : "accept-new"));
  if (known !== undefined) {
    args.push(...set("UserKnownHostsFile", paths.list(known)), ...set("GlobalKnownHostsFile", "none"));
    args.push(...set("UpdateHostKeys", "no"));
  }
  // `-i` looks for the file before it expands its name.
  for (const key of keys) args.push(...set("IdentityFile", paths.list([key])));
  if (keys.length > 0) args.push(...set("IdentitiesOnly", "yes"));
  if (options.jump !== undefined) args.push("-J", options.jump);
  for (const [name, value] of Object.entries(options.sshOptions ?? {})) args.push(...set(name, value));
  return args;
}
