/* Private keys in all the formats that tools write, and the names of those that cannot be used. */
// oxlint-disable-next-line typescript/triple-slash-reference -- where only this file is compiled, nothing else leads to the types
/// <reference path="./bcrypt-pbkdf.d.ts" />
import { createDecipheriv, createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { pbkdf } from "bcrypt-pbkdf";
import ssh2 from "ssh2";
import type { ParsedKey } from "ssh2";
import { sshNumber, sshString, WireReader } from "./wire.ts";

/** Why a text gives no private key. */
export interface KeyProblem {
  kind: "no-passphrase" | "wrong-passphrase" | "public-half" | "unsupported";
  /** Goes after the key's name and a colon. */
  text: string;
  hint?: string;
}

const noPassphrase: KeyProblem = { kind: "no-passphrase", text: "the key is encrypted and no passphrase was given" };
const wrongPassphrase: KeyProblem = { kind: "wrong-passphrase", text: "the passphrase does not fit the key" };

const unsupported = (text: string, hint?: string): KeyProblem => ({
  kind: "unsupported",
  text,
  ...(hint === undefined ? {} : { hint }),
});

const ofOpenSsh = "openssh() can use it";
const reencode = "ssh-keygen -p -f KEY writes it anew in OpenSSH's format";

/** The private key in a text; what stands before and after it does not matter. */
export function readPrivateKey(bytes: Buffer, passphrase: string | undefined): ParsedKey | KeyProblem {
  const text = decode(bytes);
  const block = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----[^]*?-----END \1-----/.exec(text);
  if (block === null) return nameOther(text);
  const [pem, label] = [block[0].replaceAll(/\r\n?/g, "\n"), block[1]];
  if (label === "OPENSSH PRIVATE KEY") return readOpenSsh(pem, passphrase);
  if (label === "DSA PRIVATE KEY") return dsa;
  return readPem(pem, passphrase);
}

/** The public half that a text shows without a passphrase: a public key file, or the head of an OpenSSH private key. */
export function readPublicHalf(bytes: Buffer): Buffer | undefined {
  const text = decode(bytes);
  const line = /^(?:ssh|ecdsa|sk)-[\w@.-]+ +(AAAA[\w+/]+=*)/m.exec(text);
  if (line?.[1] !== undefined) return Buffer.from(line[1], "base64");
  const block = /-----BEGIN OPENSSH PRIVATE KEY-----([^]*?)-----END/.exec(text);
  if (block?.[1] === undefined) return undefined;
  try {
    return readHead(Buffer.from(block[1], "base64")).publicKey;
  } catch {
    return undefined;
  }
}

// Windows' editors write UTF-16 and byte order marks.
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString("utf16le");
  return bytes.toString("utf8");
}

const dsa = unsupported("a DSA key, which neither ssh() nor today's OpenSSH takes", "make a new key: ssh-keygen -t ed25519");

function nameOther(text: string): KeyProblem {
  const putty = /^PuTTY-User-Key-File-(\d+): *(\S+)/m.exec(text);
  if (putty !== null) {
    return unsupported(
      `a PuTTY key (version ${putty[1]}, ${putty[2]}), which ssh() cannot read`,
      "convert it: puttygen KEY.ppk -O private-openssh -o KEY",
    );
  }
  if (text.includes("SSH PRIVATE KEY FILE FORMAT 1")) return unsupported("a key of SSH protocol 1, which no host takes any more");
  if (text.includes("BEGIN SSH2 ENCRYPTED PRIVATE KEY")) {
    return unsupported("a private key in the format of ssh.com, which ssh() cannot read", "convert it: ssh-keygen -i -f KEY");
  }
  if (/BEGIN (?:RSA |SSH2 )?PUBLIC KEY/.test(text) || /^(?:ssh|ecdsa|sk)-\S+ +AAAA/m.test(text)) {
    return { kind: "public-half", text: "only the public half of a key" };
  }
  if (/BEGIN (?:TRUSTED )?CERTIFICATE/.test(text)) return unsupported("an X.509 certificate, not a private key");
  if (/BEGIN PGP /.test(text)) return unsupported("a PGP key, which SSH uses only through gpg-agent");
  if (/-----BEGIN .*PRIVATE KEY-----/.test(text)) return unsupported("a private key that is cut off");
  if (text.trim() === "") return unsupported("nothing");
  return unsupported("no private key", "ssh() reads keys in OpenSSH's format, PKCS#1, PKCS#8 and SEC 1");
}

/** What an OpenSSH private key tells without a passphrase. See PROTOCOL.key of OpenSSH. */
function readHead(bytes: Buffer): { cipher: string; kdf: string; options: Buffer; publicKey: Buffer; type: string; body: WireReader } {
  const magic = "openssh-key-v1\0";
  if (bytes.toString("latin1", 0, magic.length) !== magic) throw new RangeError("not an OpenSSH key");
  const body = new WireReader(bytes, magic.length);
  const [cipher, kdf, options] = [body.text(), body.text(), body.string()];
  body.number();
  const publicKey = body.string();
  return { cipher, kdf, options, publicKey, type: new WireReader(publicKey).text(), body };
}

const usableTypes = /^(?:ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521))$/;
const malformed = unsupported("a damaged OpenSSH private key");

function readOpenSsh(pem: string, passphrase: string | undefined): ParsedKey | KeyProblem {
  try {
    const bytes = Buffer.from(pem.replaceAll(/-----[^\n]*-----/g, ""), "base64");
    const { cipher, kdf, options, publicKey, type, body } = readHead(bytes);
    if (type === "ssh-dss") return dsa;
    if (type.startsWith("sk-")) return unsupported(`a security key (${type}), which ssh() cannot use`, ofOpenSsh);
    if (!usableTypes.test(type)) return unsupported(`a key of type ${type}, which ssh() cannot use`, ofOpenSsh);
    if (cipher === "none") return parse(pem) ?? malformed;
    if (passphrase === undefined || passphrase === "") return noPassphrase;
    if (kdf !== "bcrypt") return unsupported(`an OpenSSH key whose passphrase is derived by ${kdf}`, reencode);
    if (cipher === "chacha20-poly1305@openssh.com") return parse(decrypted(options, publicKey, body, passphrase)) ?? wrongPassphrase;
    const key = ssh2.utils.parseKey(pem, passphrase);
    if (!(key instanceof Error)) return first(key) ?? malformed;
    return /unsupported cipher/i.test(key.message) ? unsupported(`an OpenSSH key encrypted by ${cipher}`, reencode) : wrongPassphrase;
  } catch (error) {
    if (error instanceof RangeError) return malformed;
    throw error;
  }
}

/** The key as one without a passphrase. ssh2 does not decrypt chacha20-poly1305, whose tag is left out here: the key's own check numbers do. */
function decrypted(options: Buffer, publicKey: Buffer, body: WireReader, passphrase: string): string {
  const kdf = new WireReader(options);
  const [salt, rounds] = [kdf.string(), kdf.number()];
  const secret = Buffer.alloc(64);
  const given = Buffer.from(passphrase);
  pbkdf(given, given.length, salt, salt.length, secret, secret.length, rounds);
  // OpenSSH's variant: a block counter of 64 bits, which begins at 1 for the data, and the packet's number, 0, as nonce.
  const start = Buffer.alloc(16);
  start.writeUInt32LE(1);
  const plain = createDecipheriv("chacha20", secret.subarray(0, 32), start).update(body.string());
  return openSshText(publicKey, plain);
}

function openSshText(publicKey: Buffer, privatePart: Buffer): string {
  const bytes = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...["none", "none", ""].map(sshString),
    sshNumber(1),
    sshString(publicKey),
    sshString(privatePart),
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----`;
}

function readPem(pem: string, passphrase: string | undefined): ParsedKey | KeyProblem {
  const encrypted = pem.includes("BEGIN ENCRYPTED") || /^Proc-Type: *4,ENCRYPTED/m.test(pem);
  if (encrypted && (passphrase === undefined || passphrase === "")) return noPassphrase;
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: "pem", ...(encrypted ? { passphrase } : {}) });
  } catch {
    // Another runtime's crypto may know less than ssh2.
    return parse(pem, passphrase) ?? (encrypted ? wrongPassphrase : unsupported("a damaged private key"));
  }
  return fromKeyObject(key);
}

function fromKeyObject(key: KeyObject): ParsedKey | KeyProblem {
  const type = key.asymmetricKeyType;
  if (type === "rsa") return parse(exportPem(key, "pkcs1")) ?? unsupported("an RSA key that ssh() cannot use");
  if (type === "dsa") return dsa;
  if (type === "ec") {
    const curve = String(key.asymmetricKeyDetails?.namedCurve);
    if (!["prime256v1", "secp384r1", "secp521r1"].includes(curve)) {
      return unsupported(`a key on the curve ${curve}, which SSH does not use`, "make a new key: ssh-keygen -t ed25519");
    }
    return parse(exportPem(key, "sec1")) ?? unsupported("an EC key that ssh() cannot use");
  }
  if (type === "ed25519") return parse(ed25519Text(key)) ?? unsupported("an Ed25519 key that ssh() cannot use");
  return unsupported(`a key of type ${type}, which SSH does not use`, "make a new key: ssh-keygen -t ed25519");
}

function exportPem(key: KeyObject, type: "pkcs1" | "sec1"): string {
  return key.export({ type, format: "pem" }).toString().trim();
}

function ed25519Text(key: KeyObject): string {
  const { x = "", d = "" } = key.export({ format: "jwk" });
  const [open, seed] = [Buffer.from(x, "base64url"), Buffer.from(d, "base64url")];
  const publicKey = Buffer.concat([sshString("ssh-ed25519"), sshString(open)]);
  const check = sshNumber(0x53_52_4d_54);
  const fields = Buffer.concat([check, check, publicKey, sshString(Buffer.concat([seed, open])), sshString("")]);
  // Filled with 1, 2, 3, … to a multiple of the block's 8 bytes.
  const padding = Buffer.from(Array.from({ length: (8 - (fields.length % 8)) % 8 }, (_, index) => index + 1));
  return openSshText(publicKey, Buffer.concat([fields, padding]));
}

function parse(text: string, passphrase?: string): ParsedKey | undefined {
  const key = ssh2.utils.parseKey(text, passphrase);
  return key instanceof Error ? undefined : first(key);
}

function first(key: ParsedKey | ParsedKey[]): ParsedKey | undefined {
  const one = Array.isArray(key) ? key[0] : key;
  return one?.isPrivateKey() === true ? one : undefined;
}
