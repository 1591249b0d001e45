// Podman without installing it, for the tests of docker() over its API.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** `bin/podman` and the programs it needs, and `lib`. */
export const podmanDirectory: string = join(root, ".cache/podman");

/** Fetches it once; returns what is missing, with the reason. */
export function ensurePodman(): string[] {
  const { status, stderr } = spawnSync("sh", [join(root, "scripts/setup-podman.sh")], { encoding: "utf8" });
  return status === 0 ? [] : [`Podman (${stderr.trim().split("\n").at(-1) ?? "no reason given"})`];
}
