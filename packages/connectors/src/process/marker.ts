/* Finding our own output behind whatever login files print. */
import { randomBytes } from "node:crypto";

/** Two random halves; the host prints them in the other order, so an echo of the script is not taken for the answer. */
export interface Marker {
  readonly first: string;
  readonly second: string;
  /** What the host prints. */
  readonly printed: string;
}

export function newMarker(): Marker {
  const first = randomBytes(8).toString("hex");
  const second = randomBytes(8).toString("hex");
  return { first, second, printed: second + first };
}
