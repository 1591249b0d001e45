// Debian's Docker Engine without installing it, and an image, for the tests of docker().
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** `bin/dockerd` and the programs it needs, `lib`, and `image.tar`. */
export const engineDirectory: string = join(root, ".cache/docker-engine");

/** Fetches it once; returns what is missing, with the reason. */
export function ensureDocker(): string[] {
  const { status, stderr } = spawnSync("sh", [join(root, "scripts/setup-docker.sh"), process.execPath], { encoding: "utf8" });
  return status === 0 ? [] : [`Docker Engine (${stderr.trim().split("\n").at(-1) ?? "no reason given"})`];
}
