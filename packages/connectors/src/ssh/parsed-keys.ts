/* Private keys, parsed once for all connections that use them at the same time: hosts of a fleet mostly share one. */
import { createHash, createPrivateKey, sign } from "node:crypto";
import type { ParsedKey } from "ssh2";
import type { KeyProblem } from "./key-formats.ts";
import { readPrivateKey } from "./key-formats.ts";

/** By a digest of text and passphrase. A key that is no longer used is not kept in memory. */
const inUse = new Map<string, WeakRef<ParsedKey>>();
const gone = new FinalizationRegistry<string>((digest) => {
  if (inUse.get(digest)?.deref() === undefined) inUse.delete(digest);
});

/** The private key in a text, or why there is none. */
export function parsePrivateKey(text: Buffer, passphrase: string | undefined): ParsedKey | KeyProblem {
  const digest = createHash("sha256")
    .update(`${passphrase === undefined ? "" : `${passphrase.length} ${passphrase}`}\n`)
    .update(text)
    .digest("base64");
  const known = inUse.get(digest)?.deref();
  if (known !== undefined) return known;
  const key = readPrivateKey(text, passphrase);
  if ("kind" in key) return key;
  if (key.type === "ssh-ed25519") signsAtOnce(key);
  inUse.set(digest, new WeakRef(key));
  gone.register(key, digest);
  return key;
}

/** ssh2 gives Node the key's text for each signature, and reading it takes longer than the signature. */
function signsAtOnce(key: ParsedKey): void {
  const secret = createPrivateKey(key.getPrivatePEM());
  key.sign = (data) => sign(null, Buffer.from(data), secret);
}
