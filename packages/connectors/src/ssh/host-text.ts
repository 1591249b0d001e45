/* Texts of a host's that are shown to people. */
import { hostLimits } from "@sremote/protocol";

const longest = hostLimits.greeting;

/**
 * Without control sequences, and not endless: of a long text, its beginning and its end.
 *
 * @example
 * ```ts
 * import { hostText } from "sremote";
 *
 * console.log(hostText("\u001b[2Jdone")); // without what would clear the screen
 * ```
 */
export function hostText(text: string): string {
  const plain = text.replaceAll(/\r\n?/g, "\n").replaceAll(/[^\P{C}\n\t]/gu, "");
  return (plain.length > longest ? `${plain.slice(0, longest / 2)} … ${plain.slice(-longest / 2)}` : plain).trim();
}
