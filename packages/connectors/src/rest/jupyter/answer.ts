/* What the program in the kernel answers. */
import { crc32 } from "@sremote/protocol";

/** JSON, bytes in it as base64. */
export type Answer = Readonly<Record<string, unknown>>;

const digits = 8;

/** Takes an answer from what Python shows of it: a text in quotes, its CRC-32 in front. Undefined: it is not as the program gave it. */
export function readAnswer(shown: string): Answer | undefined {
  if (!shown.startsWith("'") || !shown.endsWith("'")) return undefined;
  const text = shown.slice(1, -1).replaceAll("\\\\", "\\");
  const json = text.slice(digits);
  if (text.slice(0, digits) !== crc32(Buffer.from(json)).toString(16).padStart(digits, "0")) return undefined;
  try {
    const answer = JSON.parse(json) as unknown;
    return typeof answer === "object" && answer !== null ? (answer as Answer) : undefined;
  } catch {
    return undefined;
  }
}
