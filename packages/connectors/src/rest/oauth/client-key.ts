/* The private key with which a client proves who it is (RFC 7523). */
import { createPrivateKey } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { InvalidArgumentError } from "@sremote/protocol";

/** PEM (PKCS #8, PKCS #1 or SEC 1) or JSON Web Key (RFC 7517), as an object or as text. */
export type PrivateKeyInput = string | Readonly<Record<string, unknown>>;

export interface ClientKey {
  readonly key: KeyObject;
  /** As JSON Web Signatures name it. */
  readonly algorithm: string;
  readonly kid: string | undefined;
  /** Texts that must show nowhere. */
  readonly secrets: readonly string[];
}

const ofCurve: Readonly<Record<string, string>> = { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" };
const ofRsa: readonly string[] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/**
 * @throws InvalidArgumentError which says nothing of what is in it
 *
 * @example
 * ```ts
 * import { checkPrivateKey } from "sremote/rest";
 *
 * const key = checkPrivateKey(process.env["KEY"] ?? "");
 * ```
 */
export function checkPrivateKey(input: unknown): ClientKey {
  const argument = "options.privateKey";
  const jwk = typeof input === "string" ? parsed(input) : input;
  let key: KeyObject;
  try {
    key = jwk === undefined ? createPrivateKey(String(input)) : createPrivateKey({ key: jwk as JsonWebKey, format: "jwk" });
  } catch {
    throw new InvalidArgumentError(argument, "a private key: PEM text without a passphrase, or a JSON Web Key");
  }
  const { alg, kid } = (jwk ?? {}) as { alg?: unknown; kid?: unknown };
  const { d, p, q } = key.export({ format: "jwk" });
  const texts = [typeof input === "string" ? input : undefined, d, p, q];
  return {
    key,
    algorithm: algorithmOf(key, alg, argument),
    kid: typeof kid === "string" ? kid : undefined,
    secrets: texts.filter((text) => text !== undefined),
  };
}

function algorithmOf(key: KeyObject, named: unknown, argument: string): string {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") {
    if (modulusLength < 2048) throw new InvalidArgumentError(argument, "an RSA key of at least 2048 bits");
    return typeof named === "string" && ofRsa.includes(named) ? named : "RS256";
  }
  const algorithm = key.asymmetricKeyType === "ed25519" ? "EdDSA" : ofCurve[namedCurve];
  if (algorithm === undefined)
    throw new InvalidArgumentError(argument, "a key for RSA, Ed25519 or one of the curves P-256, P-384 and P-521");
  return algorithm;
}

function parsed(text: string): unknown {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return {}; // Not a key either: the caller says so.
  }
}
