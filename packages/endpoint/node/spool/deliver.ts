/* Hands the reply to the client: on standard output behind the marker, or as a file. */
import { existsSync, readFileSync, writeSync } from "node:fs";
import { errorCode } from "../host/directory.ts";
import { pause } from "../wire/frame.ts";
import { replaceFile } from "../host/files.ts";

const standardOutput = 1;

export interface Destination {
  /** `-` for standard output, else a path. */
  path: string;
  /** Printed before anything else on standard output: the second, then the first. */
  marker: readonly [string, string] | undefined;
}

/** The reply is stored and safe, but does not reach the client that asked. */
export class Undelivered extends Error {
  override name = "Undelivered";
  /** Whether the call was claimed: then no one may say that it did not run. */
  isClaimed = false;
}

/** @throws Undelivered */
export function deliver(reply: readonly Uint8Array[], destination: Destination): void {
  try {
    if (destination.path === "-") print([markerBytes(destination.marker), ...reply]);
    else if (!isSameFile(destination.path, reply)) replaceFile(destination.path, reply);
  } catch (error) {
    throw new Undelivered(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Whether the file is there with this content: a client may ask for the reply at the very place where the spool has it. */
function isSameFile(path: string, reply: readonly Uint8Array[]): boolean {
  return existsSync(path) && readFileSync(path).equals(Buffer.concat(reply));
}

export function markerBytes(marker: readonly [string, string] | undefined): Uint8Array {
  return Buffer.from(marker === undefined ? "" : marker[1] + marker[0]);
}

/** Writes everything to standard output before it returns. */
export function print(chunks: readonly Uint8Array[]): void {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      try {
        at += writeSync(standardOutput, chunk, at, chunk.length - at);
      } catch (error) {
        if (errorCode(error) !== "EAGAIN") throw error;
        pause(2); // The descriptor was made non-blocking.
      }
    }
  }
}
