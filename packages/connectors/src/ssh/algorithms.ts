/* Which algorithms are offered: what ssh2 and this runtime's crypto can do, as ssh_config and the caller want it. */
import { createCipheriv, getCiphers } from "node:crypto";
import { ConnectError, InvalidArgumentError, unknownOption } from "@sremote/protocol";
import type { CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from "ssh2";
import type { AlgorithmKind, SshAlgorithms } from "./algorithm-options.ts";

export interface Offer {
  keyExchange: readonly KexAlgorithm[];
  hostKey: readonly ServerHostKeyAlgorithm[];
  cipher: readonly CipherAlgorithm[];
  mac: readonly MacAlgorithm[];
  publicKey: readonly string[];
}

interface Table {
  /** The keyword of ssh_config. */
  keyword: string;
  /** Offered by default, the fastest first. */
  usual: readonly string[];
  /** What ssh2 1.17 can do beyond that: broken or nearly so. */
  more: readonly string[];
}

// SHA-1 signatures (ssh-rsa, ssh-dss) are not offered, as with OpenSSH since 8.8.
const tables: Readonly<Record<AlgorithmKind, Table>> = {
  keyExchange: {
    keyword: "KexAlgorithms",
    usual: [
      "curve25519-sha256@libssh.org",
      "curve25519-sha256",
      "ecdh-sha2-nistp256",
      "ecdh-sha2-nistp384",
      "ecdh-sha2-nistp521",
      "diffie-hellman-group-exchange-sha256",
      "diffie-hellman-group14-sha256",
      "diffie-hellman-group15-sha512",
      "diffie-hellman-group16-sha512",
      "diffie-hellman-group17-sha512",
      "diffie-hellman-group18-sha512",
    ],
    more: ["diffie-hellman-group-exchange-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"],
  },
  hostKey: {
    keyword: "HostKeyAlgorithms",
    usual: ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"],
    more: ["ssh-rsa", "ssh-dss"],
  },
  cipher: {
    keyword: "Ciphers",
    usual: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr", "chacha20-poly1305@openssh.com"],
    more: ["aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"],
  },
  mac: {
    keyword: "MACs",
    usual: [
      "hmac-sha2-256-etm@openssh.com",
      "hmac-sha2-512-etm@openssh.com",
      "hmac-sha1-etm@openssh.com",
      "hmac-sha2-256",
      "hmac-sha2-512",
      "hmac-sha1",
    ],
    more: ["hmac-md5", "hmac-sha2-256-96", "hmac-sha2-512-96", "hmac-sha1-96", "hmac-md5-96"],
  },
  publicKey: { keyword: "PubkeyAcceptedAlgorithms", usual: ["rsa-sha2-512", "rsa-sha2-256"], more: ["ssh-rsa"] },
};

/** Node's name of each cipher, with the bytes of its key and initial vector. */
const nodeCiphers: Readonly<Record<string, readonly [name: string, key: number, vector: number]>> = {
  "aes128-gcm@openssh.com": ["aes-128-gcm", 16, 12],
  "aes256-gcm@openssh.com": ["aes-256-gcm", 32, 12],
  "aes128-ctr": ["aes-128-ctr", 16, 16],
  "aes192-ctr": ["aes-192-ctr", 24, 16],
  "aes256-ctr": ["aes-256-ctr", 32, 16],
  "chacha20-poly1305@openssh.com": ["chacha20", 32, 16],
  "aes256-cbc": ["aes-256-cbc", 32, 16],
  "aes192-cbc": ["aes-192-cbc", 24, 16],
  "aes128-cbc": ["aes-128-cbc", 16, 16],
  "3des-cbc": ["des-ede3-cbc", 24, 8],
};

export interface Crypto {
  getCiphers(): string[];
  createCipheriv(name: string, key: Buffer, vector: Buffer): unknown;
}

/** Those ciphers that the runtime can do: others than Node know fewer, and may list some that they refuse. */
export function usableCiphers(crypto: Crypto): ReadonlySet<string> {
  const listed = new Set(crypto.getCiphers());
  const works = ([name, key, vector]: readonly [string, number, number]): boolean => {
    if (!listed.has(name)) return false;
    try {
      crypto.createCipheriv(name, Buffer.alloc(key), Buffer.alloc(vector));
      return true;
    } catch {
      return false;
    }
  };
  return new Set(Object.entries(nodeCiphers).flatMap(([name, parts]) => (works(parts) ? [name] : [])));
}

const nodeCrypto: Crypto = { getCiphers, createCipheriv: (name, key, vector) => createCipheriv(name, key, vector) };
let ciphersHere: ReadonlySet<string> | undefined;

/** All that can be offered of a kind, the usual ones first. */
function possible(kind: AlgorithmKind): string[] {
  const { usual, more } = tables[kind];
  const all = [...usual, ...more];
  if (kind !== "cipher") return all;
  const usable = (ciphersHere ??= usableCiphers(nodeCrypto));
  return all.filter((each) => usable.has(each));
}

/**
 * What is offered: the usual algorithms, those of ssh_config in their order, or what the caller makes of them.
 *
 * @param configured lists of ssh_config, as `ssh -G` prints them
 * @throws ConnectError when nothing is left of a kind
 */
export function algorithmOffer(
  wanted: SshAlgorithms | undefined,
  configured: Partial<Record<AlgorithmKind, readonly string[]>>,
  label: string,
): Offer {
  const select = (kind: AlgorithmKind): string[] => {
    const can = possible(kind);
    const { usual, keyword } = tables[kind];
    const base = inOrder(kind, configured[kind], can) ?? usual.filter((each) => can.includes(each));
    const spec = wanted?.[kind];
    const chosen = (spec === undefined ? base : apply(spec, base)).filter((each) => can.includes(each));
    // Without an algorithm for RSA, other keys are still of use.
    if (chosen.length > 0 || kind === "publicKey") return chosen;
    throw new ConnectError(
      "unsupported",
      `${spec === undefined ? "ssh_config" : `algorithms.${kind}`} allows no ${keyword} that ssh() knows`,
      {
        stage: "connect",
        host: label,
        hint: `ssh() knows ${can.join(", ")}; openssh() drives the system's ssh, which may know others`,
      },
    );
  };
  /* oxlint-disable typescript/no-unsafe-type-assertion -- the tables hold only ssh2's names */
  return {
    keyExchange: select("keyExchange") as KexAlgorithm[],
    hostKey: select("hostKey") as ServerHostKeyAlgorithm[],
    cipher: select("cipher") as CipherAlgorithm[],
    mac: select("mac") as MacAlgorithm[],
    publicKey: select("publicKey"),
  };
  /* oxlint-enable typescript/no-unsafe-type-assertion */
}

/** ssh_config's list in ssh_config's order; but OpenSSH puts its favourite cipher first, which is the slowest here. */
function inOrder(kind: AlgorithmKind, list: readonly string[] | undefined, can: readonly string[]): string[] | undefined {
  if (list === undefined) return undefined;
  const isDefault = kind === "cipher" && list[0] === "chacha20-poly1305@openssh.com" && list.length > 1;
  return isDefault ? can.filter((each) => list.includes(each)) : list.filter((each) => can.includes(each));
}

function apply(spec: string, base: readonly string[]): string[] {
  const names = namesOf(spec);
  const others = base.filter((each) => !names.includes(each));
  if (spec.startsWith("+")) return [...base, ...names.filter((each) => !base.includes(each))];
  if (spec.startsWith("-")) return others;
  return spec.startsWith("^") ? [...names, ...others] : names;
}

function namesOf(spec: string): string[] {
  return spec
    .replace(/^[-+^]/, "")
    .split(",")
    .map((each) => each.trim());
}

/** @throws InvalidArgumentError naming the kind or the algorithm */
export function checkAlgorithms(algorithms: unknown, argument: string): void {
  if (algorithms === undefined) return;
  const expected = `an object with ${Object.keys(tables).join(", ")}`;
  if (typeof algorithms !== "object" || algorithms === null) throw new InvalidArgumentError(argument, expected);
  for (const [kind, spec] of Object.entries(algorithms) as [string, unknown][]) {
    if (!isKind(kind)) throw unknownOption(argument, kind, Object.keys(tables));
    if (spec === undefined) continue;
    const can = possible(kind);
    const unknown = typeof spec === "string" ? namesOf(spec).find((each) => !can.includes(each)) : "";
    if (unknown !== undefined) {
      const found = unknown === "" ? "" : `, not ${unknown}`;
      throw new InvalidArgumentError(`${argument}.${kind}`, `a list such as "+${can.at(-1)}", of names among ${can.join(", ")}${found}`);
    }
  }
}

function isKind(name: string): name is AlgorithmKind {
  return Object.hasOwn(tables, name);
}

/** What a handshake lacked, from what the host offered and what was offered to it. */
export function explainMismatch(
  kind: AlgorithmKind,
  theirs: readonly string[],
  ours: readonly string[],
): { summary: string; hint: string } {
  const { keyword } = tables[kind];
  const could = possible(kind).filter((each) => theirs.includes(each));
  const summary = `no common algorithm of ${keyword}: the host offers ${theirs.slice(0, 20).join(", ")}, ssh() offers ${ours.join(", ")}`;
  const hint =
    could[0] === undefined
      ? "openssh() drives the system's ssh, which may know one of them"
      : `if the host cannot be renewed, allow what it has: algorithms: { ${kind}: "+${could[0]}" }, or ${keyword} +${could[0]} in ssh_config`;
  return { summary, hint };
}
