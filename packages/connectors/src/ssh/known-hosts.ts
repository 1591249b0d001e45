/* The known_hosts format and what it says of a key: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". Reads no files. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export interface KnownHostsEntry {
  file: string;
  /** From 1. */
  line: number;
  marker: "none" | "revoked" | "cert-authority";
  /** The first field as written: patterns, or one hashed name. */
  hosts: string;
  /** The names, in lower case, where the field is nothing but names: a fleet looks each of its hosts up in the lines of all. */
  names: ReadonlySet<string> | undefined;
  type: string;
  key: Buffer;
}

/** The entries of one file. Comments, blank lines and lines that are no entry are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHostsEntry[] {
  const entries: KnownHostsEntry[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const entry = parseLine(line.trim(), file, index + 1);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function parseLine(text: string, file: string, line: number): KnownHostsEntry | undefined {
  if (text === "" || text.startsWith("#")) return undefined;
  const fields = text.split(/[ \t]+/);
  const marker = markerOf(fields[0] ?? "");
  if (marker === undefined) return undefined;
  if (marker !== "none") fields.shift();
  const [hosts, type, base64] = fields;
  if (hosts === undefined || type === undefined || base64 === undefined) return undefined;
  const key = Buffer.from(base64, "base64");
  if (keyType(key) === undefined) return undefined;
  const names = /[*?!|]/.test(hosts) ? undefined : new Set(hosts.toLowerCase().split(","));
  return { file, line, marker, hosts, names, type, key };
}

function markerOf(field: string): KnownHostsEntry["marker"] | undefined {
  if (!field.startsWith("@")) return "none";
  if (field === "@revoked") return "revoked";
  if (field === "@cert-authority") return "cert-authority";
  return undefined;
}

/** The type that a public key in wire format names, such as `ssh-ed25519`. */
export function keyType(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  return length > 0 && length <= 64 && key.length >= 4 + length ? key.toString("latin1", 4, 4 + length) : undefined;
}

/** Under which name a host is kept: `host`, or `[host]:port` away from port 22. Names are lower-case. */
export function knownHostsName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Whether an entry is for the name. */
export function entryMatches(entry: KnownHostsEntry, name: string): boolean {
  if (entry.names !== undefined) return entry.names.has(name);
  return entry.hosts.startsWith("|") ? hashMatches(entry.hosts, name) : patternsMatch(entry.hosts, name);
}

function hashMatches(field: string, name: string): boolean {
  const [, version, salt, hash] = field.split("|");
  if (version !== "1" || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, "base64");
  const found = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return expected.length === found.length && timingSafeEqual(expected, found);
}

function patternsMatch(field: string, name: string): boolean {
  let matched = false;
  for (const pattern of field.toLowerCase().split(",")) {
    if (pattern.startsWith("!")) {
      if (wildcardMatches(pattern.slice(1), name)) return false;
    } else if (wildcardMatches(pattern, name)) matched = true;
  }
  return matched;
}

// Without regular expressions, whose backtracking a pattern such as *a*a*a*b could abuse.
function wildcardMatches(pattern: string, text: string): boolean {
  let [at, place, star, resumed] = [0, 0, -1, 0];
  while (place < text.length) {
    if (pattern[at] === "*") {
      star = at++;
      resumed = place;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[place])) {
      at++;
      place++;
    } else if (star >= 0) {
      at = star + 1;
      place = ++resumed;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

export type KeyVerdict =
  | { verdict: "known" }
  /** `authorities`: there are `@cert-authority` entries for the host, which cannot vouch for a plain key. */
  | { verdict: "unknown"; authorities: boolean }
  | { verdict: "changed"; entry: KnownHostsEntry }
  | { verdict: "revoked"; entry: KnownHostsEntry };

/**
 * What the entries say of a host's key.
 *
 * A host that has any key of its own there but not this one has changed, whatever the types: the algorithms are offered so that a host
 * that still has the known key shows it. Away from port 22, a host without an entry of its own may match that of the bare name, as with OpenSSH.
 */
export function judgeKey(entries: readonly KnownHostsEntry[], host: string, port: number, key: Buffer): KeyVerdict {
  const name = knownHostsName(host, port);
  const bare = knownHostsName(host, 22);
  const of = (wanted: string): KnownHostsEntry[] => entries.filter((entry) => entryMatches(entry, wanted));
  const [own, general] = [of(name), of(bare)];
  const revoked = [...own, ...general].find((entry) => entry.marker === "revoked" && entry.key.equals(key));
  if (revoked !== undefined) return { verdict: "revoked", entry: revoked };
  const plain = own.filter((entry) => entry.marker === "none");
  if (plain.some((entry) => entry.key.equals(key))) return { verdict: "known" };
  const sameType = plain.find((entry) => entry.type === keyType(key)) ?? plain[0];
  if (sameType !== undefined) return { verdict: "changed", entry: sameType };
  if (general.some((entry) => entry.marker === "none" && entry.key.equals(key))) return { verdict: "known" };
  return { verdict: "unknown", authorities: own.some((entry) => entry.marker === "cert-authority") };
}

/** The types of the keys known for a host, in the order of the entries. */
export function knownTypes(entries: readonly KnownHostsEntry[], host: string, port: number): string[] {
  const plain = entries.filter((entry) => entry.marker === "none");
  const own = plain.filter((entry) => entryMatches(entry, knownHostsName(host, port)));
  const relevant = own.length > 0 ? own : plain.filter((entry) => entryMatches(entry, knownHostsName(host, 22)));
  return [...new Set(relevant.map((entry) => entry.type))];
}

/** A line to add, with the name in clear or hashed with a fresh salt. */
export function knownHostsLine(host: string, port: number, key: Buffer, hashed: boolean): string {
  const name = knownHostsName(host, port);
  return `${hashed ? hashName(name) : name} ${keyType(key) ?? ""} ${key.toString("base64")}\n`;
}

function hashName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}
