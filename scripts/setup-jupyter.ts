// A virtual environment with Jupyter Server and a Python kernel, for the tests of jupyter().
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Its interpreter. */
export const jupyterPython: string = join(root, ".cache/venv-jupyter/bin/python");

/** Makes the environment once; returns what is missing, with the reason. */
export function ensureJupyter(): string[] {
  const { status, stderr } = spawnSync("sh", [join(root, "scripts/setup-jupyter.sh")], { encoding: "utf8" });
  if (status === 0 && existsSync(jupyterPython)) return [];
  return [`Jupyter Server (${stderr.trim().split("\n").at(-1) ?? "no reason given"})`];
}
