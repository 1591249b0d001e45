/* Key pairs made by ssh-keygen. */
import { readFile } from "node:fs/promises";
import { run } from "./run.ts";

export type KeyType = "ed25519" | "ecdsa" | "rsa";

export interface KeyPair {
  /** Path of the private key; the public one is at `${path}.pub`. */
  path: string;
  type: KeyType;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  publicKey: string;
  /** `SHA256:…` */
  fingerprint: string;
}

export async function makeKey(path: string, type: KeyType = "ed25519", passphrase = ""): Promise<KeyPair> {
  const bits = type === "rsa" ? ["-b", "2048"] : [];
  await run("ssh-keygen", ["-q", "-t", type, ...bits, "-N", passphrase, "-C", "", "-f", path]);
  const publicKey = (await readFile(`${path}.pub`, "utf8")).trim().split(" ").slice(0, 2).join(" ");
  const fingerprint = (await run("ssh-keygen", ["-lf", `${path}.pub`])).split(" ")[1] ?? "";
  return { path, type, publicKey, fingerprint };
}
