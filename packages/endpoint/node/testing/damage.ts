/* Reads the request in the file given with each of its bytes flipped, and cut at each of them; prints what was said of how many. */
import { readFileSync } from "node:fs";
import { decodeFrame, decodeMessage, SremoteError } from "@sremote/protocol";

const whole = readFileSync(process.argv[2] ?? "");

function read(bytes: Uint8Array): string {
  try {
    return decodeMessage(decodeFrame(bytes)).message.type;
  } catch (error) {
    if (error instanceof SremoteError) return error.code;
    throw error;
  }
}

function tally(made: (at: number) => Uint8Array): Record<string, number> {
  const said: Record<string, number> = {};
  for (let at = 0; at < whole.length; at++) {
    const code = read(made(at));
    said[code] = (said[code] ?? 0) + 1;
  }
  return said;
}

const flipped = tally((at) => {
  const copy = Buffer.from(whole);
  copy[at] = copy[at]! ^ 0x10;
  return copy;
});
process.stdout.write(JSON.stringify({ whole: read(whole), flipped, cut: tally((at) => whole.subarray(0, at)) }));
