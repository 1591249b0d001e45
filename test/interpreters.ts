/* The Python interpreters of this machine, for tests that run on every one that can be had. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

export interface Interpreter {
  path: string;
  /** Such as `3.11.7`. */
  version: string;
}

/** Every Python from 3.6 on: the system's, those on PATH, pyenv's. One of each version and installation. */
export function findInterpreters(): Interpreter[] {
  const names = ["python3", ...Array.from({ length: 10 }, (_, index) => `python3.${index + 6}`)];
  const directories = ["/usr/bin", ...(process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory.startsWith("/"))];
  const candidates = directories.flatMap((directory) => names.map((name) => join(directory, name)));
  const pyenv = join(homedir(), ".pyenv/versions");
  if (existsSync(pyenv)) candidates.push(...readdirSync(pyenv).map((version) => join(pyenv, version, "bin/python3")));
  const found = new Map<string, Interpreter>();
  for (const path of new Set(candidates.filter(isExecutable).map((candidate) => realpathSync(candidate)))) {
    const { status, stdout } = spawnSync(path, ["-I", "-S", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3], sys.executable)"], {
      encoding: "utf8",
    });
    const [version, executable] = stdout?.trim().split(" ") ?? [];
    if (status !== 0 || version === undefined || executable === undefined || executable === "") continue;
    const [major, minor] = version.split(".").map(Number) as [number, number];
    if (major === 3 && minor >= 6) found.set(realpathSync(executable), { path: executable, version });
  }
  return [...found.values()].toSorted((a, b) => a.version.localeCompare(b.version, "en", { numeric: true }));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
