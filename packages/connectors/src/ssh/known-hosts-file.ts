/* known_hosts files: reading them all, adding to one. */
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { ConnectError } from "@sremote/protocol";
import { errnoOf } from "../errno.ts";
import type { KnownHostsEntry } from "./known-hosts.ts";
import { judgeKey, knownHostsLine, parseKnownHosts } from "./known-hosts.ts";

/** What each file held last: thousands of hosts may be looked up in thousands of lines, and the text is the same for all of them. */
const parsed = new Map<string, { readonly text: string; readonly entries: readonly KnownHostsEntry[] }>();

/**
 * The entries of all files, as they are now. One that does not exist has none.
 *
 * @throws ConnectError `host-key-unknown` when one cannot be read: it might hold another key of the host, or revoke this one
 */
export function readKnownHosts(files: readonly string[], label: string): KnownHostsEntry[] {
  return files.flatMap((file) => {
    const text = readText(file, label);
    const last = parsed.get(file);
    if (last?.text === text) return last.entries;
    const entries = parseKnownHosts(text, file);
    parsed.set(file, { text, entries });
    return entries;
  });
}

function readText(file: string, label: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return "";
    throw new ConnectError("host-key-unknown", `the known_hosts file ${file} cannot be read: ${String(code)}`, {
      stage: "connect",
      host: label,
      cause: error,
    });
  }
}

/**
 * Adds a host's key at the end of the file, unless someone else did meanwhile. What is there is never rewritten.
 * One `write` with O_APPEND, so that two writers do not mix their lines. Synchronous, because nothing may come between check and use.
 */
export function addKnownHost(file: string, host: string, port: number, key: Buffer, hashed: boolean): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let before = "";
  try {
    before = readFileSync(file, "utf8");
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
  if (judgeKey(parseKnownHosts(before, file), host, port, key).verdict !== "unknown") return;
  const newline = before === "" || before.endsWith("\n") ? "" : "\n";
  appendFileSync(file, newline + knownHostsLine(host, port, key, hashed), { mode: 0o600 });
}
