/* Everything a connection needs to know, from the caller's options and the user's ssh_config. */
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError } from "@sremote/protocol";
import type { BaseAgent } from "ssh2";
import { defaultAgent, systemFile } from "./client-platform.ts";
import type { Offer } from "./algorithms.ts";
import { algorithmOffer } from "./algorithms.ts";
import type { CredentialSettings, Method } from "./credential-settings.ts";
import { destinationLabel } from "./destination.ts";
import { expandHome } from "./home.ts";
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
  connectTimeout: number;
  forwardAgent: boolean;
  algorithms: Offer;
  /** 4 or 6 where only one family of addresses is wanted. */
  addressFamily: 4 | 6 | undefined;
  bindAddress: string | undefined;
  /** An ssh_config that was not read, since there is no program to read it. */
  unreadConfig: string | undefined;
  /** In the order they are gone through. */
  jumps: readonly Settings[];
}

/** OpenSSH's own limit for chains is the number of processes; this one only ends a configuration that refers to itself. */
const longestChain = 8;

/** @throws ConnectError when ssh_config asks for what ssh2 cannot do */
export async function resolveSettings(options: SshOptions, depth = 0): Promise<Settings> {
  const label = destinationLabel(options);
  const config = options.sshConfig === false ? {} : await readSshConfig(options, label);
  const host = config.hostname ?? options.host;
  const port = options.port ?? config.port ?? 22;
  const username = options.username ?? config.user ?? localUser();
  const jumps = await resolveJumps(options, config, depth);
  const role = { isJump: depth > 0, behind: wayTo(jumps) };
  const algorithms = algorithmOffer(options.algorithms, config.algorithms ?? {}, label);
  return {
    label,
    host,
    port,
    username,
    hostKey: { ...hostKeySettings(options, config, port, label, jumps.length > 0), role, algorithms: algorithms.hostKey },
    credentials: credentialSettings(options, config, username, algorithms),
    keepaliveInterval: Math.min(options.keepaliveInterval ?? config.keepaliveInterval ?? 15_000, 2 ** 31 - 1),
    keepaliveCountMax: options.keepaliveCountMax ?? config.keepaliveCountMax ?? 3,
    connectTimeout: options.connectTimeout ?? config.connectTimeout ?? 20_000,
    forwardAgent: options.forwardAgent ?? false,
    algorithms,
    addressFamily: config.addressFamily,
    bindAddress: config.bindAddress,
    unreadConfig: config.unread,
    jumps,
  };
}

/** The last of the jump hosts and how to get there, as `ssh` takes them. */
function wayTo(jumps: readonly Settings[]): string | undefined {
  const last = jumps.at(-1);
  if (last === undefined) return undefined;
  const before = jumps.slice(0, -1).map(({ username, host, port }) => `${username}@${host}:${port}`);
  return `${before.length === 0 ? "" : `-J ${before.join(",")} `}-p ${last.port} ${last.username}@${last.host}`;
}

/** @throws InvalidArgumentError where the user database does not know the user, as in some containers */
function localUser(): string {
  try {
    return userInfo().username;
  } catch (error) {
    throw new InvalidArgumentError("options.username is required: the local user has no name", undefined, { cause: error });
  }
}

function hostKeySettings(
  options: SshOptions,
  config: ClientConfig,
  port: number,
  label: string,
  isBehind: boolean,
): Omit<HostKeySettings, "algorithms" | "role"> {
  const own = ["known_hosts", "known_hosts2"].map((name) => join(homedir(), ".ssh", name));
  const system = ["ssh_known_hosts", "ssh_known_hosts2"].map((name) => systemFile(name));
  const configured = [...(config.userKnownHosts ?? own), ...(config.globalKnownHosts ?? system)];
  // As with ssh, only where the address is this machine's own, not a jump host's.
  const host = config.hostname ?? options.host;
  const trustsHost = config.trustsLocalhost === true && !isBehind && /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
  const given = typeof options.knownHosts === "string" ? [options.knownHosts] : options.knownHosts;
  return {
    name: config.hostKeyAlias ?? host,
    // An alias stands for the key itself, wherever the host listens.
    port: config.hostKeyAlias === undefined ? port : 22,
    host,
    listens: port,
    label,
    policy: options.hostKey ?? (trustsHost ? (): boolean => true : (config.hostKeyPolicy ?? "strict")),
    files: given?.map(expandHome) ?? configured,
    hashNames: config.hashKnownHosts ?? false,
  };
}

function credentialSettings(options: SshOptions, config: ClientConfig, username: string, algorithms: Offer): CredentialSettings {
  const { privateKeyPath, privateKey, password, keyboardInteractive } = options;
  const keyFiles = (typeof privateKeyPath === "string" ? [privateKeyPath] : (privateKeyPath ?? [])).map(expandHome);
  // Credentials that the caller names are the only ones used: trying every key of an agent first would use up the host's MaxAuthTries.
  const named = keyFiles.length > 0 || privateKey !== undefined || password !== undefined || keyboardInteractive !== undefined;
  const offersAgent = options.agent !== undefined && options.agent !== false;
  const implied = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homedir(), ".ssh", name));
  const given = typeof options.agent === "string" ? expandHome(options.agent) : options.agent;
  const agent = given ?? config.agent ?? defaultAgent();
  return {
    username,
    privateKey,
    keyFiles,
    passphrase: options.passphrase,
    defaultKeyFiles: named && offersAgent ? [] : (config.identityFiles ?? implied),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- ssh2's type says more than it uses of an agent
    agent: agent === false || agent === "" ? undefined : (agent as string | BaseAgent | undefined),
    agentTimeout: options.agentTimeout ?? 60_000,
    named,
    offersAgent,
    identitiesOnly: options.agent === undefined && (config.identitiesOnly ?? false),
    publicKeys: offersAgent || ((config.publicKeys ?? true) && (config.methods ?? ["publickey"]).includes("publickey")),
    rsaAlgorithms: algorithms.publicKey,
    password,
    keyboardInteractive,
    methods: methodsInOrder(config.methods),
  };
}

/** Those of ssh_config first; credentials that the caller gives are used whether or not it names their method. */
function methodsInOrder(preferred: readonly string[] = []): Method[] {
  const all: readonly Method[] = ["publickey", "password", "keyboard-interactive"];
  const rank = (method: Method): number => (preferred.includes(method) ? preferred.indexOf(method) : preferred.length);
  return all.toSorted((a, b) => rank(a) - rank(b));
}

async function resolveJumps(options: SshOptions, config: ClientConfig, depth: number): Promise<Settings[]> {
  const jumps = jumpHosts(options.jump) ?? jumpHosts(config.jump, "ProxyJump of ssh_config") ?? [];
  if (depth >= longestChain) return [];
  const resolved: Settings[] = [];
  for (const [index, jump] of jumps.entries()) {
    // As with `ssh -J`: options of the destination's credentials are not the jump host's, files and timing are.
    const inherited: Partial<SshOptions> = {
      sshConfig: options.sshConfig,
      knownHosts: options.knownHosts,
      hostKey: typeof options.hostKey === "string" ? options.hostKey : undefined,
      connectTimeout: options.connectTimeout,
      keepaliveInterval: options.keepaliveInterval,
      keepaliveCountMax: options.keepaliveCountMax,
      agentTimeout: options.agentTimeout,
    };
    // Only the first host of a chain is reached from here, so only its own jumps count.
    const settings = await resolveSettings({ ...inherited, ...jump, ...(index > 0 ? { jump: false } : {}) }, depth + 1);
    resolved.push(...settings.jumps, { ...settings, jumps: [] });
  }
  return resolved;
}
