/* What went wrong, for people. */
import { type Code, hostText, SremoteError } from "@sremote/protocol";
import { commandHint } from "./command-hint.ts";

export interface ErrorPlace {
  /** HOST as it was written, for commands to type. */
  host: string;
  /** Adds the local stack. */
  debug: boolean;
}

/** What to type about it; the library's own hints speak of its functions. */
const hints: Partial<Record<Code, (host: string, error: SremoteError) => string | undefined>> = {
  "interpreter-missing": (host) =>
    `install it there, or name its path with --python or --node-path; \`sremote doctor ${host}\` tells what the host has`,
  "no-writable-directory": () => "name a directory that you may write to with --sremote-dir",
  "host-key-unknown": keyHint,
  "module-not-found": moduleHint,
  "outcome-unknown": (_host, { callId }) =>
    callId === undefined
      ? undefined
      : `repeat the command with --id ${callId} later: it returns the result if there is one and never runs twice`,
  "endpoint-broken": (host) => `\`sremote doctor ${host}\` tells what the host has`,
};

/** The whole report of an error, ending with a newline. */
export function errorText(error: unknown, { host, debug }: ErrorPlace): string {
  if (!(error instanceof SremoteError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `sremote: unexpected failure, please report it: ${hostText(stack)}\n`;
  }
  const hint = hints[error.code]?.(host, error) ?? (error.hint === undefined ? undefined : commandHint(error.hint, host));
  const details = error.detailsWith({ host: error.host === "local://" ? "" : error.host, hint });
  const parts = [`sremote: ${error.message}`];
  if (details !== "") parts.push(details.replace(/^/gm, "  "));
  if (debug) parts.push(`  code: ${error.code}, stage: ${error.stage ?? "none"}`, localStack(error));
  return `${parts.join("\n")}\n`;
}

/** --host-key with a fingerprint is for HOST alone, not for the jump hosts before it. */
function keyHint(_host: string, { message, hint = "" }: SremoteError): string | undefined {
  const ofJump = hint.replace(/; or give the jump host options of its own.*$/s, "");
  if (ofJump !== hint) return `${ofJump}; or, to trust all keys that are new, --host-key accept-new`;
  // Nothing can be written down: the library's hint names the cure.
  if (message.includes("no known_hosts file")) return hint;
  return "compare the fingerprint with the host's own, then connect with --host-key SHA256:… or, to trust it now, --host-key accept-new";
}

/** `pathlib.Path.home` was meant as `pathlib:Path.home`, `sys.stdin.read` as `sys:stdin.read`; any other name may be a package's. */
function moduleHint(host: string, { message, hint }: SremoteError): string | undefined {
  const parts = /no module ["']([^"']+)["']/.exec(message)?.[1]?.split(".") ?? [];
  const type = parts.findIndex((part, index) => index > 0 && /^[A-Z]/.test(part));
  const at = type > 0 ? type : parts.length - 1;
  const colon = `where ${parts.slice(at).join(".")} is a class or an object in a module, write a colon: ${parts.slice(0, at).join(".")}:${parts.slice(at).join(".")}.…`;
  // The package's name is the user's to say: a stranger may have published one under the name of the user's own module.
  const install = hint === undefined ? undefined : commandHint(hint, host);
  if (at < 1) return install;
  return type > 0 || install === undefined ? colon : `${install}; ${colon}`;
}

function localStack(error: Error): string {
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const cause = error.cause instanceof Error ? `\n  caused by: ${hostText(error.cause.message)}\n${localStack(error.cause)}` : "";
  return `  local stack:\n${frames.join("\n")}${cause}`;
}
