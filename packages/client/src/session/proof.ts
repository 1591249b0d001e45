/* The client's half of the proof on a new link: SESSION.md, section "Proof". */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type ChallengeMessage, type ProofFacts, type ProofMessage, proofText, type Prover } from "@sremote/protocol";

/** Whether the supervisor that answered `clientNonce` so knows the session's token. */
export function isSupervisor(token: string, clientNonce: string, { nonce: hostNonce, received, proof }: ChallengeMessage): boolean {
  const right = hmac(token, "host", { clientNonce, hostNonce, received });
  return timingSafeEqual(Buffer.from(proof, "hex"), Buffer.from(right, "hex"));
}

/** The message by which a client that has received so many counted packets shows that it knows the token too. */
export function proveClient(token: string, clientNonce: string, { nonce: hostNonce }: ChallengeMessage, received: number): ProofMessage {
  return { type: "proof", received, proof: hmac(token, "client", { clientNonce, hostNonce, received }) };
}

function hmac(token: string, prover: Prover, facts: ProofFacts): string {
  return createHmac("sha256", token).update(proofText(prover, facts)).digest("hex");
}
