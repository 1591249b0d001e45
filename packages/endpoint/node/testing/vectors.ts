/* Checks the conformance vectors in the file given; prints the names of those that fail and why. Bundled for old versions of Node. */
import { readFileSync } from "node:fs";
import * as protocol from "@sremote/protocol";
import { checkVector } from "../../../../test/conformance/check-vector.ts";
import type { Vector } from "../../../../test/conformance/vector.ts";

const vectors: Vector[] = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const failures: Record<string, string> = {};
for (const vector of vectors) {
  try {
    checkVector(protocol, vector);
  } catch (error) {
    failures[vector.name] = String(error);
  }
}
process.stdout.write(JSON.stringify({ node: process.versions.node, checked: vectors.length, failures }));
