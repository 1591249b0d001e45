import { createSecretKey } from "node:crypto";
import type { Client } from "ssh2";

/** Where ssh2 1.17.0, the version this package depends on, keeps the keys of AES-GCM. */
interface Internals {
  readonly _protocol?: { readonly _cipher?: { _encKey?: unknown }; readonly _decipher?: { _decipherKey?: unknown } };
}

/**
 * ssh2 makes a new cipher for each packet of AES-GCM, from the key's bytes. Node 24 finds out what kind of key it was given by catching two exceptions, each with
 * a stack trace: a third of all the time that a small call takes here. A key object is recognised at once. ssh2 has no option for it, so the
 * key is replaced where it lies; where it is not found, packets take longer, and that is all.
 */
export function prepareKeys(client: Client): void {
  prepare(client);
  // Keys are exchanged anew after an hour or a gigabyte, and are in place when the event is over.
  client.on("handshake", () => process.nextTick(prepare, client));
}

/* oxlint-disable no-underscore-dangle -- names of ssh2's */
function prepare(client: object): void {
  const { _cipher: cipher, _decipher: decipher } = (client as Internals)._protocol ?? {};
  if (cipher?._encKey instanceof Uint8Array) cipher._encKey = createSecretKey(cipher._encKey);
  if (decipher?._decipherKey instanceof Uint8Array) decipher._decipherKey = createSecretKey(decipher._decipherKey);
}
