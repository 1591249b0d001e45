/* Key files: what each holds, without asking for more than is needed. */
import { open } from "node:fs/promises";
import { InvalidArgumentError } from "@sremote/protocol";
import type { ParsedKey } from "ssh2";
import { errnoOf } from "../errno.ts";
import type { KeyProblem } from "./key-formats.ts";
import { readPublicHalf } from "./key-formats.ts";
import { parsePrivateKey } from "./parsed-keys.ts";

export interface KeyFile {
  /** For errors: a path, or `options.privateKey`. */
  name: string;
  /** In wire format, as far as it is known without a passphrase: the agent may hold the private half. */
  publicHalf: Buffer | undefined;
  /** Decrypts the key if need be. */
  read(): ParsedKey | KeyProblem;
  /** A certificate that lies beside the key. */
  certificate: string | undefined;
}

/** A key file is at most this long, in bytes: an RSA key of 16,384 bits takes 13 kB, and text may stand around it. */
const longest = 256 * 1024;

/** A key given as text. */
export function givenKey(text: string | Uint8Array, passphrase: string | undefined): KeyFile {
  const bytes = Buffer.from(text);
  const name = "options.privateKey";
  return { name, publicHalf: readPublicHalf(bytes), read: () => parsePrivateKey(bytes, passphrase), certificate: undefined };
}

/** @throws InvalidArgumentError when neither the file nor its public half can be read */
export async function namedKey(path: string, passphrase: string | undefined): Promise<KeyFile> {
  const file = await keyFile(path, passphrase);
  if ("publicHalf" in file) return file;
  throw new InvalidArgumentError("options.privateKeyPath", `a readable file, but ${path} gives ${file.code}`, { cause: file.error });
}

/** Undefined when there is no such file; a string says why it cannot be used. */
export async function impliedKey(path: string, passphrase: string | undefined): Promise<KeyFile | string | undefined> {
  const file = await keyFile(path, passphrase);
  if ("publicHalf" in file) return file;
  return file.code === "ENOENT" || file.code === "ENOTDIR" ? undefined : `${path} (${file.code})`;
}

interface Unreadable {
  code: string;
  error: unknown;
}

async function keyFile(path: string, passphrase: string | undefined): Promise<KeyFile | Unreadable> {
  const bare = path.replace(/\.pub$/, "");
  // As ssh does, the public half is taken for a name of the key, which the agent may hold.
  const [own, beside, other] = await Promise.all([read(path), read(`${path}.pub`), bare === path ? undefined : read(bare)]);
  const certificate = Buffer.isBuffer(await read(`${bare}-cert.pub`)) ? `${bare}-cert.pub` : undefined;
  const texts = [own, beside, other].filter((each) => Buffer.isBuffer(each));
  const [text] = texts;
  if (!Buffer.isBuffer(own) && !Buffer.isBuffer(beside)) return own;
  return {
    name: path,
    publicHalf: texts.map(readPublicHalf).find((half) => half !== undefined),
    certificate,
    read: () => {
      const found = parsePrivateKey(text ?? Buffer.alloc(0), passphrase);
      const isHalf = "kind" in found && found.kind === "public-half";
      return isHalf && Buffer.isBuffer(other) ? parsePrivateKey(other, passphrase) : found;
    },
  };
}

/** What is being read now: many connectors that start together read a file once. */
const reading = new Map<string, Promise<Buffer | Unreadable>>();

function read(path: string): Promise<Buffer | Unreadable> {
  const begun = reading.get(path) ?? readBounded(path).finally(() => reading.delete(path));
  reading.set(path, begun);
  return begun;
}

/** A pipe is read to its end, a device without one only so far. */
async function readBounded(path: string): Promise<Buffer | Unreadable> {
  try {
    // Not `await using`: where Yarn puts files of its own in the place of Node's, they cannot be disposed of.
    const file = await open(path);
    try {
      const bytes = Buffer.alloc(longest);
      let length = 0;
      while (length < longest) {
        const { bytesRead } = await file.read(bytes, length, longest - length, null);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return Buffer.from(bytes.subarray(0, length));
    } finally {
      await file.close();
    }
  } catch (error) {
    return { code: String(errnoOf(error)), error };
  }
}
