/* From what ssh writes into its log to the codes of ConnectError. */
import { ConnectError } from "@sremote/protocol";
import type { Code } from "@sremote/protocol";
import { shortLines } from "./ssh-child.ts";
import type { SshLog } from "./ssh-child.ts";

/** Messages of OpenSSH's ssh.c, sshconnect.c, sshconnect2.c, packet.c and clientloop.c; the first that fits wins. */
const ofMessage: readonly (readonly [RegExp, Code, string])[] = [
  [/REVOKED HOST KEY DETECTED|host key .* is revoked/i, "host-key-revoked", "the host's key is marked as revoked"],
  [/HOST IDENTIFICATION HAS CHANGED|POSSIBLE DNS SPOOFING/, "host-key-changed", "the host shows another key than the known one"],
  [/Host key verification failed/, "host-key-unknown", "the host's key is not among the known ones"],
  [
    /Permission denied \(|Too many authentication failures|No more authentication methods/i,
    "auth-failed",
    "the host refused the credentials",
  ],
  [/Could not resolve hostname|Name or service not known/i, "name-not-found", "the host name does not resolve"],
  [/Connection refused/i, "connect-refused", "nothing listens at the address"],
  [/timed out during banner exchange|Connection timed out|Operation timed out/i, "connect-timeout", "the host did not answer in time"],
  [/Timeout, server .* not responding/i, "connection-lost", "the link to the host was lost"],
  [/Unable to negotiate|no matching/i, "connect-failed", "the host and ssh share no algorithm"],
  [
    /Bad configuration option|Bad owner or permissions|line \d+: |Can't open user config file/i,
    "connect-failed",
    "ssh_config could not be read",
  ],
  [/open failed|session request failed|exec request failed/i, "channel-failed", "the host refused to start the command"],
];

/**
 * How far things had come: `new`, the connection was to be made; `shared`, it stood, and the command was to be started over it;
 * `started`, the command was known to have begun.
 */
export type Progress = "new" | "shared" | "started";

/** What ssh calls the other side of a ProxyJump or ProxyCommand. */
const throughProxy = /UNKNOWN port 65535/;

/**
 * @param log what ssh wrote
 * @param before what came on standard error before the command had begun: banners, and what the ssh of a jump host or a ProxyCommand said
 * @param late in place of a reason that ssh did not come to give
 */
export function opensshError(log: string, before: string, label: string, progress: Progress, late?: ConnectError): ConnectError {
  const said = shortLines(before).join("\n");
  const lastLines = tail(progress === "started" ? log : `${said.trim()}\n${log}`);
  if (progress === "new" && throughProxy.test(log) && said.trim() !== "") return proxyError(said, lastLines, label);
  const known = progress === "started" ? undefined : ofMessage.find(([pattern]) => pattern.test(log));
  if (known === undefined && progress !== "new") {
    return new ConnectError("connection-lost", "the link to the host was lost", { stage: "exec", host: label, lastLines });
  }
  if (known === undefined && late !== undefined) {
    return new ConnectError(late.code, late.message, { stage: "connect", host: label, lastLines });
  }
  const [, code, summary] = known ?? ([/./, "connect-failed", "ssh could not connect"] as const);
  return new ConnectError(code, `${summary}${offending(log)}`, { stage: "connect", host: label, lastLines, hint: hints[code] });
}

/** The connection stands as far as ssh knows, and the host does not answer. @param how how long it was waited for */
export function silentLink(how: string, label: string): ConnectError {
  const summary = `the link to the host was lost: the host did not start the command${how}, and gives no sign of life`;
  return new ConnectError("connection-lost", summary, { stage: "exec", host: label });
}

/** The way to the host failed, not the host. */
function proxyError(said: string, lastLines: string, label: string): ConnectError {
  const [, code, summary] = ofMessage.find(([pattern]) => pattern.test(said)) ?? [
    /./,
    "connect-failed" as const,
    said.trim().split(/\r?\n/).at(-1) ?? "",
  ];
  return new ConnectError(code, `a jump host or the ProxyCommand failed: ${summary}${offending(said)}`, {
    stage: "connect",
    host: label,
    lastLines,
    hint: hints[code],
  });
}

const dropped = /(kex|ssh)_exchange_identification|Exceeded MaxStartups|Not allowed at this time/;

/** Whether the host ended the connection before keys were exchanged, as a busy sshd does (MaxStartups): trying again is safe. */
export function wasDropped({ text, authenticated }: SshLog, said: string): boolean {
  if (authenticated || !dropped.test(text)) return false;
  if (!throughProxy.test(text)) return true;
  // A jump host that is busy, or silent: any other word is a reason that another attempt does not change.
  const lines = said.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.every((line) => dropped.test(line) || /^Connection (closed|reset) by /.test(line));
}

const hints: Partial<Record<Code, string>> = {
  "host-key-unknown": 'check the key with the host\'s administrator and add it with ssh-keyscan, or pass hostKey: "accept-new"',
  "host-key-changed":
    "someone may be in between; check the new key with the host's administrator before removing the old one (ssh-keygen -R)",
  "auth-failed": "ssh runs without questions (BatchMode): keys with a passphrase must be in an agent, passwords need ssh()",
};

function offending(log: string): string {
  const place = /Offending .* in (\S+:\d+)/.exec(log)?.[1];
  return place === undefined ? "" : ` (${place})`;
}

function tail(log: string): string {
  // Banners of warnings are long; the last lines say what counts.
  return log.trim().split(/\r?\n/).slice(-12).join("\n");
}
