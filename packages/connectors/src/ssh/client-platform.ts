/* What differs where this program runs on Windows: https://learn.microsoft.com/windows-server/administration/openssh/openssh-overview */
import { win32 } from "node:path";

export interface ClientPlatform {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const here: ClientPlatform = { platform: process.platform, env: process.env };

/** Where the agent is that a user has without naming one. On Windows it is a service with a fixed pipe. */
export function defaultAgent({ platform, env }: ClientPlatform = here): string | undefined {
  const named = env["SSH_AUTH_SOCK"];
  if (named !== undefined && named !== "") return named;
  return platform === "win32" ? String.raw`\\.\pipe\openssh-ssh-agent` : undefined;
}

/** A file of the system's own configuration, such as `ssh_known_hosts`. */
export function systemFile(name: string, { platform, env }: ClientPlatform = here): string {
  if (platform !== "win32") return `/etc/ssh/${name}`;
  return win32.join(env["ProgramData"] ?? String.raw`C:\ProgramData`, "ssh", name);
}

/** Whether the system's `ssh` can hold one connection for many commands. The one of Windows has no ControlMaster. */
export function canShareConnection({ platform }: Pick<ClientPlatform, "platform"> = here): boolean {
  return platform !== "win32";
}

/** The path, with `~` or `~/` at its beginning replaced; `~\` too where names are divided by it. */
export function belowHomeDirectory(path: string, home: string, { platform }: Pick<ClientPlatform, "platform"> = here): string {
  if (path === "~" || path.startsWith("~/")) return home + path.slice(1);
  return platform === "win32" && path.startsWith("~\\") ? home + path.slice(1) : path;
}
