/* What is used of bcrypt-pbkdf, which has no types of its own. ssh2 depends on it as well. */
declare module "bcrypt-pbkdf" {
  /** Fills `key` with bytes derived from the passphrase; returns 0, or -1 for arguments that it refuses. */
  export function pbkdf(
    passphrase: Uint8Array,
    passphraseLength: number,
    salt: Uint8Array,
    saltLength: number,
    key: Uint8Array,
    keyLength: number,
    rounds: number,
  ): number;
}
