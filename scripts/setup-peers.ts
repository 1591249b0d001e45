// The programs that the benchmarks compare with, from PyPI, in a virtual environment of their own.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const environment = join(root, ".cache/venv-peers");
// The interpreter that the benchmarks' hosts use, too.
const systemPython = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

/** The environment's interpreter. */
export const peersPython: string = join(environment, "bin/python");
export const peerNames = ["mitogen", "execnet", "rpyc"] as const;
export type PeerName = (typeof peerNames)[number];

export interface PeersSetup {
  /** Versions of those that are there. */
  versions: Partial<Record<PeerName, string>>;
  /** Those that could not be had, with the reason. */
  missing: string[];
}

/** Installs what is missing, each by itself, so that one which cannot be had takes none of the others away. */
export function ensurePeers(): PeersSetup {
  const setup: PeersSetup = { versions: {}, missing: [] };
  for (const name of peerNames) {
    const version = versionOf(name) ?? install(name) ?? versionOf(name);
    if (version === undefined) setup.missing.push(`${name} (it does not say its version)`);
    else if (typeof version === "string") setup.versions[name] = version;
    else setup.missing.push(`${name} (${version.reason})`);
  }
  return setup;
}

function versionOf(name: PeerName): string | undefined {
  if (!existsSync(peersPython)) return undefined;
  // The module itself is imported, so that a broken installation is none.
  const program = `import importlib.metadata, ${name}; print(importlib.metadata.version("${name}"))`;
  const { status, stdout } = spawnSync(peersPython, ["-c", program], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** Why it could not be installed; undefined when it was. */
function install(name: PeerName): { reason: string } | undefined {
  if (!existsSync(peersPython)) {
    const made = spawnSync(systemPython, ["-m", "venv", environment], { encoding: "utf8" });
    if (made.status !== 0) return { reason: lastLine(made.stdout, made.stderr, made.error) };
  }
  const installed = spawnSync(peersPython, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", name], { encoding: "utf8" });
  return installed.status === 0 ? undefined : { reason: lastLine(installed.stdout, installed.stderr, installed.error) };
}

function lastLine(stdout: string | null, stderr: string | null, error: Error | undefined): string {
  return error?.message ?? `${stdout ?? ""}\n${stderr ?? ""}`.trim().split("\n").at(-1) ?? "no reason given";
}

if (import.meta.main) {
  const { versions, missing } = ensurePeers();
  for (const [name, version] of Object.entries(versions)) console.log(`${name} ${version}`);
  for (const each of missing) console.log(`missing: ${each}`);
}
