/* What both ends of a new link prove before anything else: SESSION.md, section "Proof". The HMAC itself is each side's own. */

export type Prover = "host" | "client";

export interface ProofFacts {
  /** The nonce of the `resume`. */
  clientNonce: string;
  /** The nonce of the `challenge`. */
  hostNonce: string;
  /** Counted packets that the prover has received. */
  received: number;
}

/** The text whose HMAC-SHA-256 under the session's token is the proof. It names the prover, so that neither side's proof is ever the other's. */
export function proofText(prover: Prover, { clientNonce, hostNonce, received }: ProofFacts): string {
  return `sremote session ${prover}\n${clientNonce}\n${hostNonce}\n${received}\n`;
}
