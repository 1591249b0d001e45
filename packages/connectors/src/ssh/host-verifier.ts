/* Whether a host is who it should be. Decided before any credential is offered (G04). */
import { createHash } from "node:crypto";
import { ConnectError } from "@sremote/protocol";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { errnoOf } from "../errno.ts";
import { addKnownHost, readKnownHosts } from "./known-hosts-file.ts";
import type { KnownHostsEntry } from "./known-hosts.ts";
import { judgeKey, keyType, knownHostsName, knownTypes } from "./known-hosts.ts";
import type { HostKeyPolicy } from "./options.ts";

export interface HostRole {
  /** The host is passed on the way to another one. */
  isJump: boolean;
  /** The host before it on the way, as `ssh` takes it. */
  behind: string | undefined;
}

export interface HostKeySettings {
  /** The name the key is kept under: HostKeyAlias or the host as asked for. */
  name: string;
  /** The port that belongs to the name. */
  port: number;
  /** Where the host listens. */
  host: string;
  listens: number;
  label: string;
  policy: HostKeyPolicy;
  files: readonly string[];
  hashNames: boolean;
  /** How others name the host: its part in a chain decides what helps. */
  role: HostRole;
  /** In the order of preference. */
  algorithms: readonly ServerHostKeyAlgorithm[];
  /** A key that was accepted as new but is in no file, as when the file cannot be written or is /dev/null. */
  remembered?: Buffer;
}

/** As `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The type of the keys that sign by an algorithm. */
const typeOf = (algorithm: string): string => (algorithm.startsWith("rsa-") ? "ssh-rsa" : algorithm);

/** One connection's judge. Keeps what was accepted, so that a later key exchange of the same connection cannot bring another key. */
export class HostVerifier {
  readonly #settings: HostKeySettings;
  readonly #refusedTypes: readonly string[];
  #entries: readonly KnownHostsEntry[] | undefined;
  #accepted: Buffer | undefined;
  #isNew = false;
  /** Why the key was refused. */
  refusal: ConnectError | undefined;
  /** The key that was refused, in wire format. */
  refused: Buffer | undefined;

  /** @param refusedTypes key types that showed another fingerprint in an earlier attempt */
  constructor(settings: HostKeySettings, refusedTypes: readonly string[] = []) {
    this.#settings = settings;
    this.#refusedTypes = refusedTypes;
  }

  /** Host key algorithms, those of known keys first: a host shows the first of these that it has. */
  algorithms(): ServerHostKeyAlgorithm[] {
    const known = this.#readsFiles ? knownTypes(this.#known(), this.#settings.name, this.#settings.port) : [];
    const usable = this.#settings.algorithms.filter((each) => !this.#refusedTypes.includes(typeOf(each)));
    const rank = (each: string): number => (known.includes(typeOf(each)) ? known.indexOf(typeOf(each)) : known.length);
    return usable.toSorted((a, b) => rank(a) - rank(b));
  }

  /** The key accepted, in wire format. */
  get accepted(): Buffer | undefined {
    return this.#accepted;
  }

  /** ssh2 takes anything but `false` for yes; this is `true` only when the key was positively found good. Never throws. */
  readonly verify = (key: Buffer): boolean => {
    try {
      if (this.#accepted !== undefined) {
        if (this.#accepted.equals(key)) return true;
        throw this.#error("host-key-changed", "the host showed another key in the middle of the connection", key);
      }
      this.#judge(key);
      this.#accepted = Buffer.from(key);
      return true;
    } catch (error) {
      this.refused = Buffer.from(key);
      this.refusal =
        error instanceof ConnectError
          ? error
          : this.#error("host-key-unknown", "the check of the host's key failed", key, undefined, error);
      return false;
    }
  };

  /**
   * Writes a newly accepted key down. To be called when the key exchange is complete: only then has the host proved that the key is its own.
   * A file that cannot be written is no reason to refuse the host, as with OpenSSH; the key then counts for as long as the connector lives.
   */
  record(): void {
    if (!this.#isNew || this.#accepted === undefined) return;
    this.#isNew = false;
    const { files, name, port, hashNames } = this.#settings;
    const file = files[0];
    if (file === undefined) return;
    try {
      addKnownHost(file, name, port, this.#accepted, hashNames);
      const found = judgeKey(readKnownHosts(files, this.#settings.label), name, port, this.#accepted);
      if (found.verdict === "unknown") this.#settings.remembered = this.#accepted;
    } catch (error) {
      this.#settings.remembered = this.#accepted;
      process.emitWarning(`the key of ${name} could not be added to ${file}: ${String(errnoOf(error))}`);
    }
  }

  get #readsFiles(): boolean {
    return typeof this.#settings.policy === "string";
  }

  #known(): readonly KnownHostsEntry[] {
    this.#entries ??= readKnownHosts(this.#settings.files, this.#settings.label);
    return this.#entries;
  }

  #judge(key: Buffer): void {
    const { policy } = this.#settings;
    if (typeof policy === "function") this.#judgeByCaller(policy, key);
    else if (typeof policy === "object") this.#judgeByFingerprint(policy.fingerprint, key);
    else this.#judgeByFiles(policy, key);
  }

  #judgeByCaller(policy: Extract<HostKeyPolicy, (...args: never) => unknown>, key: Buffer): void {
    const answer: unknown = policy({ type: keyType(key) ?? "unknown", fingerprint: fingerprintOf(key), key: Uint8Array.from(key) });
    if (answer === true) return;
    // A promise that rejects later must not end the process.
    if (answer instanceof Promise) answer.catch(() => undefined);
    const why = typeof answer === "boolean" ? "refused the host's key" : "did not answer with true or false, so the key is refused";
    throw this.#error("host-key-unknown", `options.hostKey ${why}`, key);
  }

  #judgeByFingerprint(expected: string | readonly string[], key: Buffer): void {
    const list = (typeof expected === "string" ? [expected] : expected).map((each) => each.replace(/=+$/, ""));
    if (list.includes(fingerprintOf(key))) return;
    throw this.#error("host-key-changed", `the host's key is not the expected ${list.join(" or ")}`, key);
  }

  #judgeByFiles(policy: "strict" | "accept-new", key: Buffer): void {
    const { name, port, files } = this.#settings;
    const found = judgeKey(this.#known(), name, port, key);
    if (found.verdict === "known") return;
    if (found.verdict === "revoked") {
      throw this.#error("host-key-revoked", `the host's key is marked as revoked at ${placeOf(found.entry)}`, key);
    }
    if (found.verdict === "changed") {
      const summary = `the host shows another key than the ${found.entry.type} key at ${placeOf(found.entry)}`;
      const hint =
        "someone may be in between; if the host was set up anew, check the new fingerprint with its administrator and remove the old key: " +
        `ssh-keygen -R '${knownHostsName(name, port)}' -f ${quoted(found.entry.file)}`;
      throw this.#error("host-key-changed", summary, key, hint);
    }
    const { remembered } = this.#settings;
    if (remembered?.equals(key) === true) return;
    if (remembered !== undefined) throw this.#error("host-key-changed", "the host shows another key than before", key);
    if (policy === "accept-new") {
      if (files.length === 0) throw this.#nowhereToRemember(key);
      this.#isNew = true;
      return;
    }
    const authorities = found.authorities ? " (its @cert-authority entries are of no use here: openssh() can check certificates)" : "";
    throw this.#error(
      "host-key-unknown",
      `the host's key is not among the known ones${authorities}`,
      key,
      unknownHint(this.#settings, key),
    );
  }

  #nowhereToRemember(key: Buffer): ConnectError {
    const summary = "the host's key is new, and accept-new has no known_hosts file to write it to: the next key would be accepted as well";
    const hint = `name a file (knownHosts, or UserKnownHostsFile of ssh_config), or pass hostKey: { fingerprint: "${fingerprintOf(key)}" }`;
    return this.#error("host-key-unknown", summary, key, hint);
  }

  #error(
    code: "host-key-unknown" | "host-key-changed" | "host-key-revoked",
    summary: string,
    key: Buffer,
    hint?: string,
    cause?: unknown,
  ): ConnectError {
    const shown = `${keyType(key) ?? "unreadable"} ${fingerprintOf(key)}`;
    return new ConnectError(code, `${summary}; it is ${shown}`, { stage: "connect", host: this.#settings.label, hint, cause });
  }
}

function placeOf(entry: KnownHostsEntry): string {
  return `${entry.file}:${entry.line}`;
}

function unknownHint({ name, host, port, listens, files, role }: HostKeySettings, key: Buffer): string {
  const file = files[0] ?? "~/.ssh/known_hosts";
  const type = (keyType(key) ?? "").replace(/^ssh-/, "").replace(/^ecdsa-.*/, "ecdsa");
  const through = role.behind === undefined ? "" : `ssh ${role.behind} `;
  // ssh-keyscan writes the name that it was given, which may not be the one under which the key is looked up.
  const rename = name === host && port === listens ? "" : ` | sed 's/^[^ ]*/${knownHostsName(name, port)}/'`;
  const options = `hostKey: { fingerprint: "${fingerprintOf(key)}" }`;
  const named = role.isJump ? `give the jump host options of its own: jump: { host: "${host}", ${options} }` : `pass ${options}`;
  return (
    "compare the fingerprint with what the host's administrator says, then: " +
    `${through}ssh-keyscan -p ${listens} -t ${type} ${host}${rename} >> ${quoted(file)}; or ${named}, or hostKey: "accept-new"`
  );
}

/** For a shell, where that is needed. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\\''`)}'`;
}
