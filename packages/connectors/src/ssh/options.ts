/* What a caller may say about an SSH connection. */
import { InvalidArgumentError, checkOptionNames, type OptionNames, given } from "@sremote/protocol";
import { isDeadline, keepaliveTimes, isInterval } from "../argument.ts";
import type { SshAlgorithms } from "./algorithm-options.ts";
import { checkAlgorithms } from "./algorithms.ts";
import { checkDestination, parseDestination } from "./destination.ts";
import type { Destination } from "./destination.ts";
import type { SshAgent } from "./ssh-agent.ts";

/** A question of the host during keyboard-interactive authentication. */
export interface AuthenticationPrompt {
  prompt: string;
  /** False for a secret. */
  echo: boolean;
}

export interface HostKey {
  /** Such as `ssh-ed25519`. */
  type: string;
  /** As `ssh-keygen -l` prints it: `SHA256:…`. */
  fingerprint: string;
  /** The public key in SSH wire format. */
  key: Uint8Array;
}

/**
 * Which host keys are accepted.
 *
 * - `strict` (default): those in the known_hosts files.
 * - `accept-new`: also that of a host which has none there yet; it is added. A changed key is refused all the same.
 * - `{fingerprint}`: exactly these, as `ssh-keygen -l` prints them; files are not read.
 * - a function: accepts by returning `true`. Anything else (a promise, a truthy value, an exception) refuses.
 */
export type HostKeyPolicy = "strict" | "accept-new" | { fingerprint: string | readonly string[] } | ((key: HostKey) => boolean);

/** Start-up files of busy hosts with homes on the network take many seconds. */
export const defaultStartTimeout = 20_000;

export interface SshOptions {
  host: string;
  /** Port of the host's SSH server. @default the user's ssh_config, else 22 */
  port?: number | undefined;
  /** Name to log in with. @default the user's ssh_config, else the local user's name */
  username?: string | undefined;
  /** A private key in OpenSSH's format, PKCS#1, PKCS#8 or SEC 1. @default none */
  privateKey?: string | Uint8Array | undefined;
  /**
   * Files with private keys. For a key that the agent holds, its public half will do. `~/` is the home directory, as in all paths here.
   *
   * @default those of ssh_config, else the usual ones
   */
  privateKeyPath?: string | readonly string[] | undefined;
  /** Decrypts the private keys given here. A wrong one is `auth-failed`. @default none */
  passphrase?: string | undefined;
  /** Password of the account. It is also the answer to a single hidden question. @default none */
  password?: string | undefined;
  /**
   * Path of an agent's socket, an agent as ssh2 has them, or false for none.
   *
   * @default ssh_config, else SSH_AUTH_SOCK, else the agent's pipe on Windows
   */
  agent?: string | false | SshAgent | undefined;
  /** Answers the host's questions, in order. @default none */
  keyboardInteractive?:
    | ((prompts: readonly AuthenticationPrompt[], instructions: string) => readonly string[] | Promise<readonly string[]>)
    | undefined;
  /**
   * Which host keys are accepted: see {@link HostKeyPolicy}. Others are `host-key-unknown`, `host-key-changed` or `host-key-revoked`.
   *
   * @default `strict`, or what ssh_config says
   */
  hostKey?: HostKeyPolicy | undefined;
  /** known_hosts files; the first is the one that `accept-new` adds to. @default ssh_config, else the user's and the system's */
  knownHosts?: string | readonly string[] | undefined;
  /** The user's ssh_config (true), none (false), or a file instead of it. Read by `ssh -G` where that program exists. @default true */
  sshConfig?: boolean | string | undefined;
  /**
   * Hosts to go through, in order: `"a,me@b:2222"`, options, or a list of both. False ignores a ProxyJump of ssh_config.
   *
   * @default what ssh_config says
   */
  jump?: string | SshOptions | readonly (string | SshOptions)[] | false | undefined;
  /** Milliseconds between probes of an idle link. @default 15 000; 0 for none */
  keepaliveInterval?: number | undefined;
  /** Unanswered probes after which the link counts as lost. @default 3 */
  keepaliveCountMax?: number | undefined;
  /**
   * Milliseconds for reaching the host, the handshake and authentication, for each host on the way. The time of people (answers of
   * `keyboardInteractive`) and of the agent does not count. Then it is `connect-timeout`.
   *
   * @default 20 000
   */
  connectTimeout?: number | undefined;
  /**
   * Milliseconds for the host to start a command over a connection that stands: for its answer (else
   * `connect-timeout`), and then for the account's start-up files (else `channel-failed`).
   * @default 20_000
   */
  startTimeout?: number | undefined;
  /** Lets the host use the agent. @default false */
  forwardAgent?: boolean | undefined;
  /** Milliseconds that the agent may take for a signature, which you may have to confirm. @default 60 000 */
  agentTimeout?: number | undefined;
  /** Algorithms other than the usual ones, for hosts that are old. @default ssh_config's */
  algorithms?: SshAlgorithms | undefined;
}

const isText = (value: unknown): boolean => typeof value === "string";
const isPath = (value: unknown): boolean => typeof value === "string" && value !== "" && !value.includes("\0");
const isPaths = (value: unknown): boolean => isPath(value) || (Array.isArray(value) && value.every(isPath));

const optionNames: OptionNames<SshOptions> = {
  host: true,
  port: true,
  username: true,
  privateKey: true,
  privateKeyPath: true,
  passphrase: true,
  password: true,
  agent: true,
  keyboardInteractive: true,
  hostKey: true,
  knownHosts: true,
  sshConfig: true,
  jump: true,
  keepaliveInterval: true,
  keepaliveCountMax: true,
  connectTimeout: true,
  startTimeout: true,
  forwardAgent: true,
  agentTimeout: true,
  algorithms: true,
};

const secrets = new Set<keyof SshOptions>(["privateKey", "passphrase", "password", "agent"]);

/** @throws InvalidArgumentError naming the option */
export function checkSshOptions(options: SshOptions, argument = "options"): void {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError(argument, "a destination or an object of options");
  checkOptionNames(options, optionNames, argument);
  checkDestination(options, (part) => `${argument}.${part} must be`);
  const optional = (name: keyof SshOptions, expected: string, accepts: (value: unknown) => boolean): void => {
    const value: unknown = options[name];
    if (value !== undefined && !accepts(value))
      throw new InvalidArgumentError(`${argument}.${name}`, `${expected}${given(value, { secret: secrets.has(name) })}`);
  };
  optional("privateKey", "the text of a private key", (value) => (isText(value) && value !== "") || value instanceof Uint8Array);
  optional("privateKeyPath", "a path or a list of paths", isPaths);
  optional("passphrase", "a string", isText);
  optional("password", "a string", isText);
  optional("agent", "a socket's path, an ssh2 agent or false", (value) => value === false || isPath(value) || typeof value === "object");
  optional("keyboardInteractive", "a function", (value) => typeof value === "function");
  optional("hostKey", '"strict", "accept-new", {fingerprint: "SHA256:…"} or a function', isHostKeyPolicy);
  optional("knownHosts", "a path or a list of paths", isPaths);
  optional("sshConfig", "true, false or a path", (value) => typeof value === "boolean" || isPath(value));
  optional("keepaliveInterval", keepaliveTimes, isInterval);
  optional("keepaliveCountMax", "a whole number, 1 or more", (value) => Number.isInteger(value) && Number(value) >= 1);
  optional("connectTimeout", "a number of milliseconds, 1 or more", isDeadline);
  optional("startTimeout", "a number of milliseconds, 1 or more", isDeadline);
  optional("forwardAgent", "true or false", (value) => typeof value === "boolean");
  optional("agentTimeout", "a number of milliseconds, 1 or more", isDeadline);
  checkAlgorithms(options.algorithms, `${argument}.algorithms`);
  jumpHosts(options.jump, `${argument}.jump`);
}

function isHostKeyPolicy(value: unknown): boolean {
  if (value === "strict" || value === "accept-new" || typeof value === "function") return true;
  if (typeof value !== "object" || value === null || !("fingerprint" in value)) return false;
  const { fingerprint } = value;
  const list: unknown[] = Array.isArray(fingerprint) ? fingerprint : [fingerprint];
  return list.length > 0 && list.every((each) => typeof each === "string" && /^SHA256:[A-Za-z0-9+/]{43}=?$/.test(each));
}

/** The hosts to go through; undefined when the caller did not say. Each is checked. */
export function jumpHosts(jump: SshOptions["jump"], argument = "jump"): (Destination | SshOptions)[] | undefined {
  if (jump === undefined) return undefined;
  if (jump === false || jump === "none") return [];
  return listOf(jump).flatMap((each): (Destination | SshOptions)[] => {
    if (typeof each === "string") return each.split(",").map((part) => parseDestination(part.replace(/^ +| +$/g, ""), argument));
    checkSshOptions(each, argument);
    return [each];
  });
}

function listOf(jump: string | SshOptions | readonly (string | SshOptions)[]): readonly (string | SshOptions)[] {
  return typeof jump === "string" || "host" in jump ? [jump] : jump;
}
