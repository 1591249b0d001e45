/* Which algorithms a caller may ask for. Apart from what is offered, so that no type of ssh2 is part of what is published. */

/**
 * Algorithms other than the usual ones, as in ssh_config: `+a,b` adds, `-a,b` removes, `^a,b` puts first, `a,b` offers exactly these.
 * Old hosts may need some that are not safe any more and therefore not offered: `{ keyExchange: "+diffie-hellman-group14-sha1" }`.
 */
export interface SshAlgorithms {
  /** Key exchange, as KexAlgorithms. @default ssh_config's, else the usual ones */
  keyExchange?: string | undefined;
  /** Host keys, as HostKeyAlgorithms. @default ssh_config's, else the usual ones */
  hostKey?: string | undefined;
  /** Ciphers, as Ciphers. @default ssh_config's, else the usual ones */
  cipher?: string | undefined;
  /** Message authentication codes, as MACs. @default ssh_config's, else the usual ones */
  mac?: string | undefined;
  /** As PubkeyAcceptedAlgorithms: how RSA keys of yours may sign. @default ssh_config's, else the usual ones */
  publicKey?: string | undefined;
}

export type AlgorithmKind = keyof SshAlgorithms;
