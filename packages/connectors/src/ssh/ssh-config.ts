/* The user's ssh_config, resolved by the system's own `ssh -G`, which knows Include, Match and every expansion. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { ConnectError } from "@sremote/protocol";
import type { AlgorithmKind } from "./algorithm-options.ts";
import { expandPath, expandTokens, TokenError } from "./config-tokens.ts";
import type { TokenValues } from "./config-tokens.ts";
import { systemFile } from "./client-platform.ts";
import { expandHome, homeDirectory } from "./home.ts";
import { hostText } from "./host-text.ts";
import type { SshOptions } from "./options.ts";

/** What a connection over ssh2 takes from ssh_config. Durations are milliseconds. */
export interface ClientConfig {
  hostname?: string;
  port?: number;
  user?: string;
  identityFiles?: string[];
  identitiesOnly?: boolean;
  /** A socket's path; false for none. */
  agent?: string | false;
  jump?: string;
  userKnownHosts?: string[];
  globalKnownHosts?: string[];
  hostKeyAlias?: string;
  hostKeyPolicy?: "strict" | "accept-new";
  hashKnownHosts?: boolean;
  keepaliveInterval?: number;
  keepaliveCountMax?: number;
  connectTimeout?: number;
  /** 4 or 6 where only one family of addresses is wanted. */
  addressFamily?: 4 | 6;
  /** The address to connect from. */
  bindAddress?: string;
  algorithms?: Partial<Record<AlgorithmKind, string[]>>;
  /** NoHostAuthenticationForLocalhost. */
  trustsLocalhost?: boolean;
  /** False where PubkeyAuthentication is off. */
  publicKeys?: boolean;
  /** PreferredAuthentications. */
  methods?: string[];
  /** Set when there is an ssh_config that was not read. */
  unread?: string;
}

/** `ssh -G` reads local files; a `Match exec` in them may ask other hosts. In milliseconds. */
const longest = 60_000;

type Asked = Pick<SshOptions, "host" | "port" | "username" | "sshConfig">;

/**
 * Where no `ssh` is installed, nothing but what was left unread.
 *
 * @throws ConnectError when the configuration cannot be read, or asks for what only openssh() can do
 */
export async function readSshConfig(options: Asked, label: string): Promise<ClientConfig> {
  const args = ["-G"];
  if (typeof options.sshConfig === "string") args.push("-F", expandHome(options.sshConfig));
  if (options.port !== undefined) args.push("-p", String(options.port));
  if (options.username !== undefined) args.push("-l", options.username);
  // Nothing of the host's name is an option: names with a leading dash were refused before.
  args.push("--", options.host);
  const output = await new Promise<string | undefined>((resolve, reject) => {
    const child = execFile("ssh", args, { timeout: longest, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (error.code === "ENOENT") return resolve(undefined);
      const late = error.killed === true ? `: it took longer than ${longest} ms (a Match exec that does not end?)` : "";
      reject(
        new ConnectError("connect-failed", `ssh_config could not be read${late}`, {
          stage: "connect",
          host: label,
          lastLines: hostText(stderr),
          hint: "correct the file, or pass sshConfig: false to do without it",
          cause: error,
        }),
      );
    });
    // A Match exec that reads its input gets its end.
    child.stdin?.on("error", () => undefined).end();
  });
  if (output === undefined) return withoutProgram(options, label);
  try {
    return toClientConfig(parseConfig(output), options, label);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    throw new ConnectError("connect-failed", `a value in ssh_config cannot be expanded: ${error.message}`, {
      stage: "connect",
      host: label,
      hint: "correct the file, or pass sshConfig: false to do without it",
    });
  }
}

/** Without `ssh`, a file that the caller names cannot be done without; the usual ones are named in later errors. */
function withoutProgram({ sshConfig: config }: Asked, label: string): ClientConfig {
  if (typeof config === "string") {
    throw new ConnectError("unsupported", `${config} cannot be read without the program ssh, which is not installed`, {
      stage: "connect",
      host: label,
      hint: "install the OpenSSH client, or give host, port, username and privateKeyPath as options and sshConfig: false",
    });
  }
  const unread = [join(homeDirectory(), ".ssh", "config"), systemFile("ssh_config")].find((path) => existsSync(path));
  return unread === undefined ? {} : { unread };
}

function parseConfig(output: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const line of output.split("\n")) {
    const space = line.indexOf(" ");
    if (space < 0) continue;
    const name = line.slice(0, space).toLowerCase();
    values.set(name, [...(values.get(name) ?? []), line.slice(space + 1).trim()]);
  }
  return values;
}

/** Keywords whose lists of algorithms are taken over. */
const algorithmKeywords: Readonly<Record<AlgorithmKind, string>> = {
  keyExchange: "kexalgorithms",
  hostKey: "hostkeyalgorithms",
  cipher: "ciphers",
  mac: "macs",
  publicKey: "pubkeyacceptedalgorithms",
};

function toClientConfig(values: Map<string, string[]>, options: Asked, label: string): ClientConfig {
  const one = (name: string): string | undefined => {
    const value = values.get(name)?.[0];
    return value === undefined || value === "" || value === "none" ? undefined : value;
  };
  const seconds = (name: string): number | undefined => {
    const value = Number(one(name));
    return Number.isFinite(value) && value > 0 ? value * 1000 : undefined;
  };
  const is = (name: string, expected: RegExp): boolean => expected.test(one(name) ?? "");
  refuse(one("proxycommand"), "ProxyCommand", label);
  refuse(one("certificatefile"), "CertificateFile", label);
  refuse(one("knownhostscommand"), "KnownHostsCommand", label);
  refuse(one("pkcs11provider"), "PKCS11Provider", label);
  const hostname = one("hostname");
  const tokens: TokenValues = {
    original: options.host,
    host: hostname ?? options.host,
    port: options.port ?? Number(one("port") ?? 22),
    user: options.username ?? one("user") ?? userInfo().username,
    hostKeyAlias: one("hostkeyalias"),
    jump: undefined,
  };
  const jump = one("proxyjump");
  if (jump !== undefined) tokens.jump = expandTokens(jump, tokens);
  const policy = one("stricthostkeychecking");
  const family = one("addressfamily");
  const algorithms = Object.entries(algorithmKeywords).flatMap(([kind, keyword]) => {
    const list = one(keyword)?.split(",");
    return list === undefined ? [] : [[kind, list] as const];
  });
  const config: { [K in keyof ClientConfig]: ClientConfig[K] | undefined } = {
    hostname: hostname === options.host ? undefined : hostname,
    port: Number(one("port") ?? 22),
    user: one("user"),
    identityFiles: values
      .get("identityfile")
      ?.filter((file) => file !== "none")
      .map((file) => expandPath(file, tokens)),
    identitiesOnly: is("identitiesonly", /^(yes|true)$/),
    agent: agentOf(values.get("identityagent")?.[0], tokens),
    jump: tokens.jump,
    userKnownHosts: pathsOf(values.get("userknownhostsfile")?.[0]),
    globalKnownHosts: pathsOf(values.get("globalknownhostsfile")?.[0]),
    hostKeyAlias: one("hostkeyalias"),
    // "no" would also take a changed key; here a changed key is always refused.
    hostKeyPolicy: policy === undefined ? undefined : /^(accept-new|no|off|false)$/.test(policy) ? "accept-new" : "strict",
    hashKnownHosts: is("hashknownhosts", /^(yes|true)$/),
    keepaliveInterval: seconds("serveraliveinterval"),
    keepaliveCountMax: seconds("serveraliveinterval") === undefined ? undefined : Number(one("serveralivecountmax")),
    connectTimeout: seconds("connecttimeout"),
    addressFamily: family === "inet" ? 4 : family === "inet6" ? 6 : undefined,
    bindAddress: one("bindaddress"),
    algorithms: Object.fromEntries(algorithms),
    trustsLocalhost: is("nohostauthenticationforlocalhost", /^(yes|true)$/),
    publicKeys: !is("pubkeyauthentication", /^(no|false)$/),
    methods: one("preferredauthentications")?.split(","),
  };
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as ClientConfig;
}

function refuse(value: string | undefined, name: string, label: string): void {
  if (value === undefined) return;
  throw new ConnectError("unsupported", `ssh_config asks for ${name}, which ssh() cannot do`, {
    stage: "connect",
    host: label,
    hint: "use openssh() for this host, which drives the system's ssh",
  });
}

/** A path, or the name of the environment variable that holds one. */
function agentOf(value: string | undefined, tokens: TokenValues): string | false | undefined {
  if (value === undefined || value === "SSH_AUTH_SOCK") return undefined;
  if (value === "none") return false;
  if (/^\$[A-Za-z_]\w*$/.test(value)) return process.env[value.slice(1)] ?? false;
  return expandPath(value, tokens);
}

/**
 * `ssh -G` prints files with spaces between them, whether or not their names have spaces; but it makes them absolute. So a word that begins no
 * path goes on with the one before.
 */
function pathsOf(value: string | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  const paths: string[] = [];
  for (const word of value.trim().split(" ")) {
    const last = paths.at(-1);
    const begins = word === "none" || /^(?:[/~]|[A-Za-z]:[\\/])/.test(word);
    if (last === undefined || begins || existsSync(word)) paths.push(word);
    else paths[paths.length - 1] = `${last} ${word}`;
  }
  return paths.filter((path) => path !== "" && path !== "none").map(expandHome);
}
