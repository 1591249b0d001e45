/* Mode `probe`: what this endpoint finds on its host, as one line of JSON behind the marker. */
import * as fs from "node:fs";
import { existsSync } from "node:fs";
import { arch, cpus, release, totalmem, userInfo } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { protocolVersion, SremoteError } from "@sremote/protocol";
import { markerBytes, print } from "./spool/deliver.ts";
import { makePrivateDirectory } from "./host/directory.ts";
import { hostFacts } from "./wire/reply.ts";
import { openSpool } from "./spool/spool.ts";

export function probe(base: string, marker: [string, string] | undefined): void {
  const facts = {
    ...hostFacts(base),
    protocol: protocolVersion,
    arch: arch(),
    release: release(),
    user: userInfo().username,
    uid: process.geteuid?.() ?? -1,
    processors: cpus().length,
    memoryBytes: totalmem(),
    problem: whyUnusable(base),
    freeBytes: freeBytes(base),
    tools: Object.fromEntries(["git", "npm", "npx", "tar", "rsync"].map((name) => [name, findProgram(name)])),
  };
  print([markerBytes(marker), Buffer.from(`${JSON.stringify(facts)}\n`)]);
}

/** Why no call could run under this base, or null. */
function whyUnusable(base: string): string | null {
  try {
    openSpool(base);
    makePrivateDirectory(`${base}/tmp`);
    return null;
  } catch (error) {
    if (error instanceof SremoteError) return error.message;
    return error instanceof Error ? error.message : String(error);
  }
}

/** Free for this user on the file system of the base, or null where it cannot be told (Node before 18.15). */
function freeBytes(base: string): number | null {
  let directory = base;
  while (!existsSync(directory) && directory !== dirname(directory)) directory = dirname(directory);
  try {
    const found = fs.statfsSync(directory);
    return found.bavail * found.bsize;
  } catch {
    return null;
  }
}

function findProgram(name: string): string | null {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    if (directory !== "" && existsSync(join(directory, name))) return join(directory, name);
  }
  return null;
}
