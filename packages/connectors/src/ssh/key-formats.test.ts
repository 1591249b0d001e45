/* Private keys as tools write them: ssh-keygen, openssl (by Node) and puttygen. */
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makeKey } from "../../../../scripts/labs/keys.ts";
import { run } from "../../../../scripts/labs/run.ts";
import { readPrivateKey, readPublicHalf } from "./key-formats.ts";

const directory = mkdtempSync(join(tmpdir(), "sremote-formats-"));
afterAll(() => rmSync(directory, { recursive: true }));
const passphrase = "a passphrase";
let files = 0;

/** The public half of a private key file, by ssh-keygen. */
async function halfBySshKeygen(text: string | Buffer): Promise<string> {
  const path = join(directory, `file-${(files += 1)}`);
  writeFileSync(path, text, { mode: 0o600 });
  return (await run("ssh-keygen", ["-y", "-P", passphrase, "-f", path])).trim().split(" ").slice(0, 2).join(" ");
}

/** As ssh would use the key: its public half, and a signature that fits. */
function useKey(text: string | Buffer, given?: string): string {
  const key = readPrivateKey(Buffer.from(text), given);
  if ("kind" in key) throw new Error(`${key.kind}: ${key.text}`);
  const [data, hash] = [Buffer.from("data"), key.type === "ssh-rsa" ? "sha256" : undefined];
  expect(key.verify(data, key.sign(data, hash), hash)).toBe(true);
  return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}

const pairs = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
  ed25519: generateKeyPairSync("ed25519").privateKey,
  "ec 256": generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey,
  "ec 384": generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey,
  "ec 521": generateKeyPairSync("ec", { namedCurve: "secp521r1" }).privateKey,
};
type Name = keyof typeof pairs;
const names = Object.keys(pairs) as Name[];
const encryption = { cipher: "aes-256-cbc", passphrase };
const pkcs8 = (name: Name): string => pairs[name].export({ type: "pkcs8", format: "pem" }).toString();
const locked = (name: Name): string => pairs[name].export({ type: "pkcs8", format: "pem", ...encryption }).toString();
const traditional = (name: Name, more = {}): string =>
  pairs[name].export({ type: name === "rsa" ? "pkcs1" : "sec1", format: "pem", ...more }).toString();

describe("PEM", () => {
  test.each(names)("PKCS#8 of %s, plain and encrypted", async (name) => {
    const plain = useKey(pkcs8(name));
    expect(useKey(locked(name), passphrase)).toBe(plain);
    expect(readPrivateKey(Buffer.from(locked(name)), undefined)).toMatchObject({ kind: "no-passphrase" });
    expect(readPrivateKey(Buffer.from(locked(name)), "")).toMatchObject({ kind: "no-passphrase" });
    expect(readPrivateKey(Buffer.from(locked(name)), "wrong")).toMatchObject({ kind: "wrong-passphrase" });
    // ssh-keygen reads Ed25519 in PKCS#8 only since OpenSSH 9.6.
    if (name !== "ed25519") expect(await halfBySshKeygen(pkcs8(name))).toBe(plain);
  });

  test.each(names.filter((name) => name !== "ed25519"))(
    "the traditional form of %s, plain, encrypted and with parameters",
    async (name) => {
      const plain = useKey(pkcs8(name));
      const parameters = `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${traditional(name)}`;
      expect([useKey(traditional(name)), useKey(parameters)]).toEqual([plain, plain]);
      expect(useKey(traditional(name, encryption), passphrase)).toBe(plain);
      expect(readPrivateKey(Buffer.from(traditional(name, encryption)), undefined)).toMatchObject({ kind: "no-passphrase" });
      expect(readPrivateKey(Buffer.from(traditional(name, encryption)), "wrong")).toMatchObject({ kind: "wrong-passphrase" });
      expect(await halfBySshKeygen(traditional(name))).toBe(plain);
    },
  );

  const wraps: Readonly<Record<string, (pem: string) => string | Buffer>> = {
    "text before": (pem) => `Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n${pem}`,
    "a certificate before and text after": (pem) =>
      `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n${pem}\nthe end\n-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n`,
    "lines of Windows": (pem) => pem.replaceAll("\n", "\r\n"),
    "a byte order mark": (pem) => `\uFEFF${pem}`,
    "UTF-16": (pem) => Buffer.from(`\uFEFF${pem}`, "utf16le"),
    "no line at the end": (pem) => pem.trim(),
  };
  test.each(Object.keys(wraps))("with %s", (name) => {
    const openSsh = readFileSync(join(directory, "wrapped")).toString();
    for (const pem of [pkcs8("ec 256"), traditional("rsa"), openSsh]) expect(useKey(wraps[name]?.(pem) ?? "")).toBe(useKey(pem));
  });
  // Made while the tests are collected, so that each can be run alone.
  const made = makeKey(join(directory, "wrapped"));
  test("of ssh-keygen", async () => {
    const { path, publicKey } = await made;
    expect(useKey(readFileSync(path))).toBe(publicKey);
  });
});

test.each(["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes128-cbc"])(
  "an OpenSSH key encrypted by %s",
  async (cipher) => {
    for (const type of ["ed25519", "ecdsa"]) {
      const path = join(directory, `${cipher}-${type}`);
      await run("ssh-keygen", ["-q", "-t", type, "-Z", cipher, "-a", "2", "-N", passphrase, "-C", "comment", "-f", path]);
      const [bytes, half] = [readFileSync(path), readFileSync(`${path}.pub`, "utf8").trim().split(" ").slice(0, 2).join(" ")];
      expect(useKey(bytes, passphrase)).toBe(half);
      expect(readPublicHalf(bytes)?.toString("base64")).toBe(half.split(" ")[1]);
      expect(readPrivateKey(bytes, undefined)).toMatchObject({ kind: "no-passphrase" });
      expect(readPrivateKey(bytes, "wrong")).toMatchObject({ kind: "wrong-passphrase" });
    }
  },
);

test("a PuTTY key of version 2 is named with the way to convert it, which helps", async () => {
  const key = await makeKey(join(directory, "for-putty"));
  for (const version of ["2", "3"]) {
    const ppk = join(directory, `key-${version}.ppk`);
    await run("puttygen", [key.path, "-O", "private", "--ppk-param", `version=${version}`, "-o", ppk]);
    const problem = readPrivateKey(readFileSync(ppk), undefined);
    expect(problem).toMatchObject({
      kind: "unsupported",
      text: `a PuTTY key (version ${version}, ssh-ed25519), which ssh() cannot read`,
      hint: expect.stringContaining("puttygen KEY.ppk -O private-openssh -o KEY"),
    });
    await run("puttygen", [ppk, "-O", "private-openssh", "-o", `${ppk}.converted`]);
    expect(useKey(readFileSync(`${ppk}.converted`))).toBe(key.publicKey);
  }
});

/** The head of a key in OpenSSH's format, of which only the type is read. */
function openSshHead(type: string): string {
  const string = (text: string | Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const parts = [
    Buffer.from("openssh-key-v1\0"),
    string("none"),
    string("none"),
    string(""),
    Buffer.from([0, 0, 0, 1]),
    string(string(type)),
  ];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.concat(parts).toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

const dsa = generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 }).privateKey.export({ type: "pkcs8", format: "pem" });

const foreign: readonly (readonly [what: string, text: string | Buffer, named: RegExp])[] = [
  ["a security key", openSshHead("sk-ssh-ed25519@openssh.com"), /security key \(sk-ssh-ed25519@openssh\.com\)/],
  ["an XMSS key", openSshHead("ssh-xmss@openssh.com"), /type ssh-xmss@openssh\.com/],
  ["a DSA key of OpenSSH's", openSshHead("ssh-dss"), /DSA/],
  ["a DSA key in PEM", "-----BEGIN DSA PRIVATE KEY-----\nMIIB\n-----END DSA PRIVATE KEY-----\n", /DSA/],
  ["DSA in PKCS#8", dsa, /DSA/],
  ["Ed448", generateKeyPairSync("ed448").privateKey.export({ type: "pkcs8", format: "pem" }), /ed448/],
  ["X25519", generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }), /x25519/],
  [
    "secp256k1",
    generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey.export({ type: "sec1", format: "pem" }),
    /curve secp256k1/,
  ],
  ["a key of SSH 1", "SSH PRIVATE KEY FILE FORMAT 1.1\n\0\0", /SSH protocol 1/],
  ["a key of ssh.com", "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56\n---- END SSH2 ENCRYPTED PRIVATE KEY ----", /ssh\.com/],
  ["a certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", /X\.509/],
  ["PGP", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ==\n-----END PGP PRIVATE KEY BLOCK-----\n", /PGP/],
  ["a key that is cut off", pkcs8("rsa").slice(0, 200), /cut off/],
  ["a damaged key", pkcs8("rsa").replace(/\nMII.{20}/, "\nAAAAAAAAAAAAAAAA"), /damaged/],
  ["a damaged OpenSSH key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", /damaged/],
  ["nothing", "\n", /nothing/],
  ["any text", "Host x\n  Port 22\n", /no private key/],
];
test.each(foreign)("%s is named", (_what, text, named) => {
  expect(readPrivateKey(Buffer.from(text), undefined)).toMatchObject({ kind: "unsupported", text: expect.stringMatching(named) });
});

test("public halves are told from private keys", async () => {
  const key = await makeKey(join(directory, "halves"), "rsa");
  const pem = await run("ssh-keygen", ["-e", "-m", "PKCS8", "-f", `${key.path}.pub`]);
  for (const text of [readFileSync(`${key.path}.pub`), pem, await run("ssh-keygen", ["-e", "-f", `${key.path}.pub`])]) {
    expect(readPrivateKey(Buffer.from(text), undefined)).toMatchObject({ kind: "public-half" });
  }
  expect(readPublicHalf(readFileSync(`${key.path}.pub`))?.toString("base64")).toBe(key.publicKey.split(" ")[1]);
  expect(readPublicHalf(readFileSync(key.path))?.toString("base64")).toBe(key.publicKey.split(" ")[1]);
  expect(readPublicHalf(Buffer.from(pkcs8("rsa")))).toBeUndefined();
});

test("an Ed25519 key of PKCS#8 signs as Node does", () => {
  const key = readPrivateKey(Buffer.from(pkcs8("ed25519")), undefined);
  if ("kind" in key) throw new Error(key.text);
  const data = Buffer.from("data");
  expect(key.sign(data)).toEqual(sign(null, data, pairs.ed25519));
  expect(verify(null, data, key.getPublicPEM(), key.sign(data))).toBe(true);
});
