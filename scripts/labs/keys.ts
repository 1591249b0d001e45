/* Key pairs made by ssh-keygen. */
import { createHash } from "node:crypto";
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
  const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
  const fingerprint = `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
  return { path, type, publicKey, fingerprint };
}
