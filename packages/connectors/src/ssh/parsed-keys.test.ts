import { generateKeyPairSync, verify } from "node:crypto";
import ssh2 from "ssh2";
import { describe, expect, test } from "vitest";
import { parsePrivateKey } from "./parsed-keys.ts";

const passphrase = "a passphrase of the test's";
const plain = Buffer.from(ssh2.utils.generateKeyPairSync("ed25519").private);
const encrypted = Buffer.from(ssh2.utils.generateKeyPairSync("ed25519", { passphrase, cipher: "aes256-ctr", rounds: 1 }).private);

describe("a private key", () => {
  test("is parsed once for all who use it at the same time", () => {
    const key = parsePrivateKey(plain, undefined);
    expect(key).not.toHaveProperty("kind");
    expect(parsePrivateKey(Buffer.from(plain), undefined)).toBe(key);
    expect(parsePrivateKey(encrypted, passphrase)).not.toBe(key);
  });

  test("that is encrypted is not had without its passphrase, although somebody uses it", () => {
    const key = parsePrivateKey(encrypted, passphrase);
    expect(key).not.toHaveProperty("kind");
    expect(parsePrivateKey(encrypted, undefined)).toMatchObject({ kind: "no-passphrase" });
    expect(parsePrivateKey(encrypted, "another")).toMatchObject({ kind: "wrong-passphrase" });
    expect(parsePrivateKey(encrypted, passphrase)).toBe(key);
  });

  test("signs as ssh2 does, and as its public key says", () => {
    const key = parsePrivateKey(plain, undefined);
    const other = ssh2.utils.parseKey(plain);
    if ("kind" in key || other instanceof Error || Array.isArray(other)) throw new Error("no key");
    const data = Buffer.from("what the host wants to be signed");
    const signature = key.sign(data);
    expect(signature).toEqual(other.sign(data)); // Ed25519 signs the same with the same.
    expect(verify(null, data, key.getPublicPEM(), signature)).toBe(true);
  });

  test("of another kind is left to ssh2, and what is no private key is said to be none", () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const key = parsePrivateKey(Buffer.from(privateKey.export({ type: "pkcs1", format: "pem" })), undefined);
    if ("kind" in key) throw new Error(key.text);
    const data = Buffer.from("data");
    expect(verify("sha512", data, publicKey, key.sign(data, "sha512"))).toBe(true);
    expect(parsePrivateKey(Buffer.from("nothing of the kind"), undefined)).toMatchObject({ kind: "unsupported" });
    expect(parsePrivateKey(Buffer.from(ssh2.utils.generateKeyPairSync("ed25519").public), undefined)).toMatchObject({
      kind: "public-half",
    });
  });
});
