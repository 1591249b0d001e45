// A virtual environment with NERSC's own client of the Superfacility API, which the tests drive the stub with.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Its interpreter. */
export const sfapiPython: string = join(root, ".cache/venv-sfapi/bin/python");

/** Makes the environment once; returns what is missing, with the reason. */
export function ensureSfapiClient(): string[] {
  const { status, stderr } = spawnSync("sh", [join(root, "scripts/setup-sfapi.sh")], { encoding: "utf8" });
  if (status === 0 && existsSync(sfapiPython)) return [];
  return [`sfapi_client (${stderr.trim().split("\n").at(-1) ?? "no reason given"})`];
}
