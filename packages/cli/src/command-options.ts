/* Options that commands have in common. */
import type { Command } from "commander";
import type { HostOptions } from "./host-options.ts";

export const hostText = "`local`, or a host over SSH: [user@]host[:port]";
export const hostsText = "a node set: me@host, node[1-8], node[1-8]!node3, local";

/** Where a call runs and with what, and for how long. */
export function addCallPlace(command: Command): void {
  command
    .option("--ship <path>", "make a package, module or NAME=PATH of this machine importable (repeatable)", collect)
    .option("--env <name=value>", "environment variable (repeatable)", collect)
    .option("--cwd <directory>", "working directory on the host, relative to its home directory")
    .option("--timeout <duration>", "end it after this long: 90 (seconds), 500ms, 2m, 1h30m")
    .option("--login-env", "load the login environment (.profile) first");
}

export function addPlaceOptions(command: Command): void {
  command
    .option("--python <path>", "Python interpreter on the host")
    .option("--node-path <path>", "Node on the host")
    .option("--sremote-dir <directory>", "directory of the endpoint on the host (default ~/.sremote)");
}

export function addHostOptions(command: Command): void {
  command
    .option("--config <file>", "configuration with named hosts and groups (default: the nearest sremote.config.ts, .js or .json)")
    .option("--no-config", "read no configuration")
    .optionsGroup("SSH options:")
    .option("-i, --identity <file>", "private key; then no other is offered")
    .option("-p, --port <number>", "port, where HOST tells none")
    .option("-J, --jump <host>", "host to go through; several with commas")
    .option("--host-key <policy>", "strict (default), accept-new, or the one to accept: SHA256:…")
    .option("-F, --ssh-config <file>", "ssh_config file, or none")
    .option("--openssh", "use the system's ssh command, with all that its configuration can do");
}

const hostOptionNames = ["config", "identity", "port", "jump", "hostKey", "sshConfig", "openssh"];

export function splitOptions<T>(command: Command): [hostOptions: HostOptions, options: T] {
  // Commander says true where --no-config was not given.
  const all = Object.entries(command.opts()).filter(([name, value]) => name !== "config" || value !== true);
  const own = all.filter(([name]) => !hostOptionNames.includes(name));
  return [Object.fromEntries(all.filter(([name]) => hostOptionNames.includes(name))), Object.fromEntries(own) as T];
}

export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
