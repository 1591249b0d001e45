/* Private keys: reading and decrypting them, once, before anything is sent. */
import { readFile } from "node:fs/promises";
import { ConnectError, InvalidArgumentError } from "@sremote/protocol";
import ssh2 from "ssh2";
import type { ParsedKey } from "ssh2";
import { errnoOf } from "../errno.ts";
import { parsePrivateKey } from "./parsed-keys.ts";
import type { CredentialSettings } from "./settings.ts";

export interface Identity {
  /** For errors: a path, or `options.privateKey`. */
  name: string;
  key: ParsedKey;
}

export interface LoadedIdentities {
  explicit: Identity[];
  implied: Identity[];
  /** What was passed over and why, for an authentication error. */
  skipped: string[];
}

/** @throws InvalidArgumentError or ConnectError when a key that the caller named cannot be used */
export async function loadIdentities(settings: CredentialSettings, label: string): Promise<LoadedIdentities> {
  const loaded: LoadedIdentities = { explicit: [], implied: [], skipped: [] };
  if (settings.privateKey !== undefined) {
    loaded.explicit.push(requireKey("options.privateKey", settings.privateKey, settings.passphrase, label));
  }
  for (const path of settings.keyFiles) {
    loaded.explicit.push(requireKey(path, await readKey(path), settings.passphrase, label));
  }
  for (const path of settings.defaultKeyFiles) await loadImplied(path, settings.passphrase, loaded);
  return loaded;
}

/** What is being read now: many connectors that start together read a file once. */
const reading = new Map<string, Promise<Buffer>>();

function read(path: string): Promise<Buffer> {
  const begun = reading.get(path) ?? readFile(path).finally(() => reading.delete(path));
  reading.set(path, begun);
  return begun;
}

async function readKey(path: string): Promise<Buffer> {
  try {
    return await read(path);
  } catch (error) {
    const code = String(errnoOf(error));
    throw new InvalidArgumentError("options.privateKeyPath", `a readable file, but ${path} gives ${code}`, { cause: error });
  }
}

function requireKey(name: string, text: string | Uint8Array, passphrase: string | undefined, label: string): Identity {
  const found = parse(text, passphrase);
  if (typeof found === "object") return { name, key: found };
  if (found === "unreadable") {
    throw new InvalidArgumentError(
      name === "options.privateKey" ? name : "options.privateKeyPath",
      `a private key, but ${shown(name)} holds none`,
    );
  }
  throw new ConnectError("auth-failed", `${shown(name)}: ${phrases[found]}`, {
    stage: "connect",
    host: label,
    hint: "give its passphrase as options.passphrase, or add the key to an agent (ssh-add)",
  });
}

async function loadImplied(path: string, passphrase: string | undefined, loaded: LoadedIdentities): Promise<void> {
  let text: Buffer;
  try {
    text = await read(path);
  } catch (error) {
    const code = String(errnoOf(error));
    if (code !== "ENOENT") loaded.skipped.push(`${path} (${code})`);
    return;
  }
  const found = parse(text, passphrase);
  if (typeof found === "object") loaded.implied.push({ name: path, key: found });
  else loaded.skipped.push(`${path} (${phrases[found]})`);
}

type Unusable = "no-passphrase" | "wrong-passphrase" | "unreadable";

const phrases: Readonly<Record<Unusable, string>> = {
  "no-passphrase": "the key is encrypted and no passphrase was given",
  "wrong-passphrase": "the passphrase does not fit the key",
  unreadable: "not a private key that ssh2 can use",
};

function parse(given: string | Uint8Array, passphrase: string | undefined): ParsedKey | Unusable {
  const text = Buffer.from(given);
  const parsed = parsePrivateKey(text, passphrase);
  if (!(parsed instanceof Error)) return parsed;
  if (/no passphrase given/i.test(parsed.message)) return "no-passphrase";
  // With a passphrase, an encrypted key that cannot be parsed was decrypted to nonsense.
  return passphrase !== undefined && isEncrypted(text) ? "wrong-passphrase" : "unreadable";
}

function isEncrypted(text: Buffer): boolean {
  const without = ssh2.utils.parseKey(text);
  return without instanceof Error && /no passphrase given/i.test(without.message);
}

function shown(name: string): string {
  return name === "options.privateKey" ? "the key in options.privateKey" : name;
}
