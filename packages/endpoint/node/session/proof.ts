/* How the client that comes back and the supervisor know each other: SESSION.md, section "Proof". */
import { proofText, type ProofFacts, type Prover } from "@sremote/protocol";
import { loadCrypto } from "../host/lazy.ts";

export function newNonce(): string {
  return loadCrypto().randomBytes(32).toString("hex");
}

/** HMAC-SHA-256 under the session's token, in hex digits. */
export function prove(token: string, prover: Prover, facts: ProofFacts): string {
  return loadCrypto().createHmac("sha256", token).update(proofText(prover, facts)).digest("hex");
}

/** In a time that does not tell how much of it was right. @param given hex digits, as many as a proof has */
export function isSame(given: string, right: string): boolean {
  return loadCrypto().timingSafeEqual(Buffer.from(given, "hex"), Buffer.from(right, "hex"));
}
