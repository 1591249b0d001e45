/* Programs that hold keys and sign with them, as a caller may give one. The classes of the library ssh2 are such. */

/** A public key: a blob in wire format (RFC 4253, section 6.6), base64 of it, or what ssh2 parsed it to. */
export type AgentKey = string | Uint8Array | { getPublicSSH(): Uint8Array };

/** How it is to sign with an RSA key (RFC 8332). */
export interface AgentSignOptions {
  /** Hash of an RSA signature. @default SHA-1, as the agent protocol has it */
  hash?: "sha1" | "sha256" | "sha512";
}

/** @example `agent: { getIdentities: (done) => done(null, [blob]), sign: (key, data, options, done) => done(null, signature) }` */
export interface SshAgent {
  getIdentities(callback: (error?: Error | null, keys?: AgentKey[]) => void): void;
  /** Gives the signature of the data, without a name of its algorithm. */
  sign(key: AgentKey, data: Uint8Array, options: AgentSignOptions, callback: (error?: Error | null, signature?: Uint8Array) => void): void;
  /** Where the agent is to be forwarded: gives a stream that speaks the agent protocol. */
  getStream?(callback: (error?: Error | null, stream?: NodeJS.ReadWriteStream) => void): void;
}
