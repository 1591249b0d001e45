import { randomFillSync } from "node:crypto";

const idBytes = 16;
/** Random bytes are asked for in portions: asking the system for each id takes longer than all else that makes a call. */
const portion = Buffer.alloc(256 * idBytes);
let used = portion.length;

/** 128 random bits as 32 lower-case hexadecimal digits. */
export function newCallId(): string {
  if (used === portion.length) {
    randomFillSync(portion);
    used = 0;
  }
  used += idBytes;
  return portion.toString("hex", used - idBytes, used);
}
