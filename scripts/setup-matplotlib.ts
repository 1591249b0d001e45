// A virtual environment with matplotlib, for the tests of interpreters.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Its interpreter. */
export const matplotlibPython: string = join(root, ".cache/venv-matplotlib/bin/python");

/** Where it keeps its list of fonts: a call's `MPLCONFIGDIR`. */
export const matplotlibConfiguration: string = join(root, ".cache/venv-matplotlib/config");

/** Makes the environment once; returns what is missing, with the reason. */
export function ensureMatplotlib(): string[] {
  const { status, stderr } = spawnSync("sh", [join(root, "scripts/setup-matplotlib.sh")], { encoding: "utf8" });
  if (status === 0 && existsSync(matplotlibPython)) return [];
  return [`matplotlib (${stderr.trim().split("\n").at(-1) ?? "no reason given"})`];
}
