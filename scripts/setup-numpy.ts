// A virtual environment with numpy, for the tests of arrays.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Its interpreter. */
export const numpyPython: string = join(root, ".cache/venv-numpy/bin/python");

/** Makes the environment once; returns what is missing, with the reason. */
export function ensureNumpy(): string[] {
  const { status, stderr } = spawnSync("sh", [join(root, "scripts/setup-numpy.sh")], { encoding: "utf8" });
  if (status === 0 && existsSync(numpyPython)) return [];
  return [`numpy (${stderr.trim().split("\n").at(-1) ?? "no reason given"})`];
}
