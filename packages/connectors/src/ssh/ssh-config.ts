/* The user's ssh_config, resolved by the system's own `ssh -G`, which knows Include, Match and every expansion. */
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { ConnectError } from "@sremote/protocol";
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
  ciphers?: string[];
  keyExchange?: string[];
}

/** `ssh -G` reads local files; a `Match exec` in them may take a while. */
const longest = 10_000;

/** Nothing where no `ssh` is installed. @throws ConnectError when the configuration cannot be read, or asks for what only openssh() can do */
export async function readSshConfig(
  options: Pick<SshOptions, "host" | "port" | "username" | "config">,
  label: string,
): Promise<ClientConfig> {
  const args = ["-G"];
  if (typeof options.config === "string") args.push("-F", options.config);
  if (options.port !== undefined) args.push("-p", String(options.port));
  if (options.username !== undefined) args.push("-l", options.username);
  // Nothing of the host's name is an option: names with a leading dash were refused before.
  args.push("--", options.host);
  const output = await new Promise<string | undefined>((resolve, reject) => {
    execFile("ssh", args, { timeout: longest, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (error.code === "ENOENT") return resolve(undefined);
      reject(
        new ConnectError("connect-failed", "ssh_config could not be read", {
          stage: "connect",
          host: label,
          lastLines: stderr.trim(),
          hint: "correct the file, or pass config: false to do without it",
          cause: error,
        }),
      );
    });
  });
  return output === undefined ? {} : toClientConfig(parseConfig(output), options, label);
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

function toClientConfig(values: Map<string, string[]>, options: Pick<SshOptions, "host">, label: string): ClientConfig {
  const one = (name: string): string | undefined => {
    const value = values.get(name)?.[0];
    return value === undefined || value === "" || value === "none" ? undefined : value;
  };
  const seconds = (name: string): number | undefined => {
    const value = Number(one(name));
    return Number.isFinite(value) && value > 0 ? value * 1000 : undefined;
  };
  refuse(one("proxycommand"), "ProxyCommand", label);
  refuse(one("certificatefile"), "CertificateFile", label);
  refuse(one("knownhostscommand"), "KnownHostsCommand", label);
  refuse(one("pkcs11provider"), "PKCS11Provider", label);
  const hostname = one("hostname");
  const policy = one("stricthostkeychecking");
  const config: { [K in keyof ClientConfig]: ClientConfig[K] | undefined } = {
    hostname: hostname === options.host ? undefined : hostname,
    port: Number(one("port") ?? 22),
    user: one("user"),
    identityFiles: values
      .get("identityfile")
      ?.filter((file) => file !== "none")
      .map(expandHome),
    identitiesOnly: one("identitiesonly") === "yes",
    agent: agentOf(values.get("identityagent")?.[0]),
    jump: one("proxyjump"),
    userKnownHosts: pathsOf(values.get("userknownhostsfile")?.[0]),
    globalKnownHosts: pathsOf(values.get("globalknownhostsfile")?.[0]),
    hostKeyAlias: one("hostkeyalias"),
    // "no" would also take a changed key; here a changed key is always refused.
    hostKeyPolicy: policy === undefined ? undefined : /^(accept-new|no|off|false)$/.test(policy) ? "accept-new" : "strict",
    hashKnownHosts: /^(yes|true)$/.test(one("hashknownhosts") ?? ""),
    keepaliveInterval: seconds("serveraliveinterval"),
    keepaliveCountMax: seconds("serveraliveinterval") === undefined ? undefined : Number(one("serveralivecountmax")),
    connectTimeout: seconds("connecttimeout"),
    ciphers: one("ciphers")?.split(","),
    keyExchange: one("kexalgorithms")?.split(","),
  };
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as ClientConfig;
}

function refuse(value: string | undefined, name: string, label: string): void {
  if (value === undefined) return;
  throw new ConnectError("unsupported", `ssh_config asks for ${name}, which ssh() cannot do`, {
    stage: "connect",
    host: label,
    hint: "use openssh(), which drives the system's ssh, or pass config: false",
  });
}

function agentOf(value: string | undefined): string | false | undefined {
  if (value === undefined || value === "SSH_AUTH_SOCK" || value === "$SSH_AUTH_SOCK") return undefined;
  return value === "none" ? false : expandHome(value);
}

// `ssh -G` prints a list of files with spaces between them, as it was written.
function pathsOf(value: string | undefined): string[] | undefined {
  return value
    ?.split(/\s+/)
    .filter((path) => path !== "" && path !== "none")
    .map(expandHome);
}

function expandHome(path: string): string {
  const unquoted = path.replace(/^"(.*)"$/, "$1");
  return unquoted.startsWith("~/") ? homedir() + unquoted.slice(1) : unquoted;
}
