/* What ssh_config allows, in the order that is fastest here. */
import { ConnectError } from "@sremote/protocol";
import type { CipherAlgorithm, KexAlgorithm } from "ssh2";

/** ssh2's preferences (constants.js of 1.17), then what it can do but does not offer by itself. */
const ciphers: readonly CipherAlgorithm[] = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
  "chacha20-poly1305@openssh.com",
  "aes256-cbc",
  "aes192-cbc",
  "aes128-cbc",
];

const keyExchanges: readonly KexAlgorithm[] = [
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
  "diffie-hellman-group14-sha1",
];

/** Those of ours that ssh_config allows; undefined, for ssh2's own choice, when it says nothing. */
export function allowedCiphers(allowed: readonly string[] | undefined, label: string): CipherAlgorithm[] | undefined {
  return select(ciphers, allowed, "Ciphers", label);
}

export function allowedKeyExchanges(allowed: readonly string[] | undefined, label: string): KexAlgorithm[] | undefined {
  return select(keyExchanges, allowed, "KexAlgorithms", label);
}

function select<T extends string>(
  ours: readonly T[],
  allowed: readonly string[] | undefined,
  name: string,
  label: string,
): T[] | undefined {
  if (allowed === undefined) return undefined;
  const both = ours.filter((each) => allowed.includes(each));
  if (both.length > 0) return both;
  throw new ConnectError("unsupported", `ssh_config allows no ${name} that ssh() knows`, {
    stage: "connect",
    host: label,
    hint: "use openssh(), which drives the system's ssh, or pass config: false",
  });
}
