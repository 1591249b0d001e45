/* Everything a connection needs to know, from the caller's options and the user's ssh_config. */
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import type { BaseAgent } from "ssh2";
import { destinationLabel } from "./destination.ts";
import type { HostKeySettings } from "./host-verifier.ts";
import type { SshOptions } from "./options.ts";
import { jumpHosts } from "./options.ts";
import type { ClientConfig } from "./ssh-config.ts";
import { readSshConfig } from "./ssh-config.ts";

export interface Settings {
  label: string;
  host: string;
  port: number;
  username: string;
  hostKey: HostKeySettings;
  credentials: CredentialSettings;
  keepaliveInterval: number;
  keepaliveCountMax: number;
  readyTimeout: number;
  forwardAgent: boolean;
  ciphers: readonly string[] | undefined;
  keyExchange: readonly string[] | undefined;
  /** In the order they are gone through. */
  jumps: readonly Settings[];
}

export interface CredentialSettings {
  username: string;
  privateKey: string | Uint8Array | undefined;
  /** Must be usable; given by the caller. */
  keyFiles: readonly string[];
  passphrase: string | undefined;
  /** Tried if they exist and need no passphrase. */
  defaultKeyFiles: readonly string[];
  agent: string | BaseAgent | undefined;
  /** Offer only those keys of the agent that are named by files. */
  identitiesOnly: boolean;
  password: string | undefined;
  keyboardInteractive: SshOptions["keyboardInteractive"];
}

/** OpenSSH's own limit for chains is the number of processes; this one only ends a configuration that refers to itself. */
const longestChain = 8;

/** @throws ConnectError when ssh_config asks for what ssh2 cannot do */
export async function resolveSettings(options: SshOptions, depth = 0): Promise<Settings> {
  const label = destinationLabel(options);
  const config = options.config === false ? {} : await readSshConfig(options, label);
  const host = config.hostname ?? options.host;
  const port = options.port ?? config.port ?? 22;
  const username = options.username ?? config.user ?? userInfo().username;
  return {
    label,
    host,
    port,
    username,
    hostKey: hostKeySettings(options, config, port, label),
    credentials: credentialSettings(options, config, username),
    keepaliveInterval: options.keepaliveInterval ?? config.keepaliveInterval ?? 15_000,
    keepaliveCountMax: options.keepaliveCountMax ?? config.keepaliveCountMax ?? 3,
    readyTimeout: options.readyTimeout ?? config.connectTimeout ?? 20_000,
    forwardAgent: options.forwardAgent ?? false,
    ciphers: config.ciphers,
    keyExchange: config.keyExchange,
    jumps: await resolveJumps(options, config, depth),
  };
}

function hostKeySettings(options: SshOptions, config: ClientConfig, port: number, label: string): HostKeySettings {
  const own = [join(homedir(), ".ssh", "known_hosts"), join(homedir(), ".ssh", "known_hosts2")];
  const system = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];
  const configured = [...(config.userKnownHosts ?? own), ...(config.globalKnownHosts ?? system)];
  const given = typeof options.knownHosts === "string" ? [options.knownHosts] : options.knownHosts;
  return {
    name: config.hostKeyAlias ?? config.hostname ?? options.host,
    // An alias stands for the key itself, wherever the host listens.
    port: config.hostKeyAlias === undefined ? port : 22,
    label,
    policy: options.hostKey ?? config.hostKeyPolicy ?? "strict",
    files: given ?? configured,
    hashNames: config.hashKnownHosts ?? false,
  };
}

function credentialSettings(options: SshOptions, config: ClientConfig, username: string): CredentialSettings {
  const keyFiles = typeof options.privateKeyPath === "string" ? [options.privateKeyPath] : (options.privateKeyPath ?? []);
  const named =
    keyFiles.length > 0 || options.privateKey !== undefined || options.password !== undefined || options.keyboardInteractive !== undefined;
  const implied = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homedir(), ".ssh", name));
  // Credentials that the caller names are the only ones used: trying every key of an agent first would use up the host's MaxAuthTries.
  const agent = options.agent ?? (named ? undefined : (config.agent ?? process.env["SSH_AUTH_SOCK"]));
  return {
    username,
    privateKey: options.privateKey,
    keyFiles,
    passphrase: options.passphrase,
    defaultKeyFiles: named ? [] : (config.identityFiles ?? implied),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- ssh2's type says more than it uses of an agent
    agent: agent === false || agent === "" ? undefined : (agent as string | BaseAgent | undefined),
    identitiesOnly: options.agent === undefined && (config.identitiesOnly ?? false),
    password: options.password,
    keyboardInteractive: options.keyboardInteractive,
  };
}

async function resolveJumps(options: SshOptions, config: ClientConfig, depth: number): Promise<Settings[]> {
  const jumps = jumpHosts(options.jump) ?? jumpHosts(config.jump, "ProxyJump of ssh_config") ?? [];
  if (depth >= longestChain) return [];
  const resolved: Settings[] = [];
  for (const [index, jump] of jumps.entries()) {
    // As with `ssh -J`: options of the destination's credentials are not the jump host's, files and timing are.
    const inherited: Partial<SshOptions> = {
      config: options.config,
      knownHosts: options.knownHosts,
      hostKey: typeof options.hostKey === "string" ? options.hostKey : undefined,
      readyTimeout: options.readyTimeout,
      keepaliveInterval: options.keepaliveInterval,
      keepaliveCountMax: options.keepaliveCountMax,
    };
    // Only the first host of a chain is reached from here, so only its own jumps count.
    const settings = await resolveSettings({ ...inherited, ...jump, ...(index > 0 ? { jump: false } : {}) }, depth + 1);
    resolved.push(...settings.jumps, { ...settings, jumps: [] });
  }
  return resolved;
}
