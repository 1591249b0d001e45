/* Hands the reply to the client: on standard output behind the marker, or as a file. */
import { writeSync } from "node:fs";
import { errorCode } from "./directory.ts";
import { pause } from "./request.ts";
import { replaceFile } from "./store.ts";

const standardOutput = 1;

export interface Destination {
  /** `-` for standard output, else a path. */
  path: string;
  /** Printed before anything else on standard output: the second, then the first. */
  marker: readonly [string, string] | undefined;
}

export function deliver(reply: readonly Uint8Array[], destination: Destination): void {
  if (destination.path === "-") print([markerBytes(destination.marker), ...reply]);
  else replaceFile(destination.path, reply);
}

export function markerBytes(marker: readonly [string, string] | undefined): Uint8Array {
  return Buffer.from(marker === undefined ? "" : marker[1] + marker[0]);
}

/** Writes everything to standard output before it returns. */
export function print(chunks: readonly Uint8Array[]): void {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      try {
        at += writeSync(standardOutput, chunk, at, chunk.length - at);
      } catch (error) {
        if (errorCode(error) !== "EAGAIN") throw error;
        pause(2); // Somebody made the descriptor non-blocking.
      }
    }
  }
}
