/* What authentication may use, from the caller's options and the user's ssh_config. */
import type { BaseAgent } from "ssh2";
import type { SshOptions } from "./options.ts";

/** The methods that ssh() knows, as hosts call them. */
export type Method = "publickey" | "password" | "keyboard-interactive";

export interface CredentialSettings {
  username: string;
  privateKey: string | Uint8Array | undefined;
  /** Must be usable; given by the caller. */
  keyFiles: readonly string[];
  passphrase: string | undefined;
  /** Tried if they exist and need no passphrase. */
  defaultKeyFiles: readonly string[];
  agent: string | BaseAgent | undefined;
  /** Milliseconds for a signature. */
  agentTimeout: number;
  /** The caller named credentials, which are the only ones then. */
  named: boolean;
  /** The caller named the agent, too. */
  offersAgent: boolean;
  /** Offer only those keys of the agent that are named by files. */
  identitiesOnly: boolean;
  /** False when ssh_config turns off keys that the caller does not name. */
  publicKeys: boolean;
  /** How RSA keys may sign, the best first. */
  rsaAlgorithms: readonly string[];
  password: string | undefined;
  keyboardInteractive: SshOptions["keyboardInteractive"];
  /** In the order in which they are tried. */
  methods: readonly Method[];
}
