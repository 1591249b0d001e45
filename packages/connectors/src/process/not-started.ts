/* What to say when a login shell did not start the command. */
import { ConnectError } from "@sremote/protocol";

/** @param how the end of the sentence; @param noise what came on both outputs in place of the marker */
export function notStarted(how: string, noise: Buffer, noiseOnStderr: Buffer, label: string): ConnectError {
  const said = `${noise.toString("utf8")}\n${noiseOnStderr.toString("utf8")}`.trim();
  return new ConnectError("channel-failed", `the account's login shell did not start the command${how}`, {
    stage: "exec",
    host: label,
    lastLines: said.split("\n").slice(-10).join("\n"),
    hint: hintFor(said),
  });
}

function hintFor(said: string): string {
  // Debian's package csh, of 1993: no word may have more than 1,024 bytes. tcsh, the csh of all other systems, has no such limit.
  if (said.includes("Word too long")) {
    return "the account's login shell is too old for commands of this length; use tcsh in place of bsd-csh, or another shell";
  }
  if (/\bexec\b.*: restricted/.test(said) || /: sh: restricted/.test(said)) {
    return "the account's login shell is restricted and takes no `exec`; rbash works (without `set -e` in its start-up file), or give the account another shell";
  }
  return "the account may have a start-up file that replaces the shell (`exec zsh`), waits for input or exits, a forced command, or no usable login shell";
}
