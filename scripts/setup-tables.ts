// A virtual environment with pandas, polars and pyarrow, for the tests of tables.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Its interpreter. */
export const tablesPython: string = join(root, ".cache/venv-tables/bin/python");

/** Makes the environment once; returns what is missing, with the reason. */
export function ensureTables(): string[] {
  const { status, stderr } = spawnSync("sh", [join(root, "scripts/setup-tables.sh")], { encoding: "utf8" });
  if (status === 0 && existsSync(tablesPython)) return [];
  return [`pandas, polars and pyarrow (${stderr.trim().split("\n").at(-1) ?? "no reason given"})`];
}
