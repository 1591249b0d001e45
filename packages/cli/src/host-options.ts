/* HOST and the options of the connection to it. */
import { type Connector, local, openssh, ssh, type SshOptions } from "@sremote/connectors";
import { InvalidArgumentError } from "@sremote/protocol";

export interface HostOptions {
  identity?: string;
  port?: string;
  jump?: string;
  hostKey?: string;
  openssh?: true;
  /** ssh_config file, or `none`. */
  sshConfig?: string;
  /** Configuration file; false: none. */
  config?: string | false;
}

/** What a configuration says of a host; options win over it. */
export type HostDefaults = Pick<SshOptions, "username" | "port" | "privateKeyPath" | "sshConfig" | "connectTimeout"> & {
  hostKey?: "strict" | "accept-new" | "insecure";
  connector?: "ssh" | "openssh";
};

/** @throws InvalidArgumentError where there are options of SSH */
export function checkNoSshOptions(options: HostOptions, what: string): void {
  if (Object.keys(options).some((name) => name !== "config")) throw new InvalidArgumentError(`${what}, which takes no SSH options`);
}

/** What was asked at the terminal after the host had refused everything else. */
export type Answers = Pick<SshOptions, "password" | "passphrase" | "keyboardInteractive" | "connectTimeout">;

/**
 * The connector for HOST: `local`, or `[ssh://][user@]host[:port]`. Nothing is connected yet.
 * @throws InvalidArgumentError
 */
export function connectorFor(host: string, options: HostOptions, answers: Answers = {}, defaults: HostDefaults = {}): Connector {
  if (host === "local") {
    checkNoSshOptions(options, "HOST is local");
    return local();
  }
  if (/^[^@]*:.*@/.test(host.replace(/^ssh:\/\//, ""))) {
    throw new InvalidArgumentError("HOST", "[user@]host[:port] without a password; sremote asks for one at the terminal");
  }
  const { identity, port, jump, hostKey, sshConfig } = options;
  const { hostKey: policyOfFile, connector, ...ofFile } = defaults;
  const common = {
    ...ofFile,
    ...(identity === undefined ? {} : { privateKeyPath: identity }),
    ...(port === undefined ? {} : { port: parsePort(port) }),
    ...(jump === undefined ? {} : { jump }),
    ...(sshConfig === undefined ? {} : { sshConfig: sshConfig === "none" ? false : sshConfig }),
  };
  const policy = hostKey === undefined ? policyOfFile : parseHostKey(hostKey);
  if (options.openssh !== true && connector !== "openssh")
    return ssh(host, {
      ...common,
      ...(policy === undefined ? {} : { hostKey: policy === "insecure" ? () => true : policy }),
      ...answers,
    });
  if (typeof policy === "object") throw new InvalidArgumentError("--host-key", "strict or accept-new with --openssh");
  if (policy !== "insecure") return openssh(host, { ...common, ...(policy === undefined ? {} : { hostKey: policy }) });
  const anyKey = { StrictHostKeyChecking: "no", UserKnownHostsFile: "/dev/null", GlobalKnownHostsFile: "/dev/null" };
  return openssh(host, { ...common, sshOptions: anyKey });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError("--port", `a number from 1 to 65535, not ${JSON.stringify(text)}`);
  return port;
}

function parseHostKey(text: string): "strict" | "accept-new" | { fingerprint: string } {
  if (text === "strict" || text === "accept-new") return text;
  if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(text)) return { fingerprint: text };
  throw new InvalidArgumentError(
    "--host-key",
    `strict, accept-new or a fingerprint (SHA256:…, as \`ssh-keygen -l\` prints it), not ${JSON.stringify(text)}`,
  );
}
