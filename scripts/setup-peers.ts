// The programs that the benchmarks compare with: from PyPI, in a virtual environment of their own, and from Debian.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installDebianPackages } from "./setup-system.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const environment = join(root, ".cache/venv-peers");
// The interpreter that the benchmarks' hosts use, too.
const systemPython = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

/** The environment's interpreter. */
export const peersPython: string = join(environment, "bin/python");
export const peerNames = ["mitogen", "execnet", "rpyc"] as const;
export type PeerName = (typeof peerNames)[number];
/** Those that the benchmark of fleets compares with. The last is Debian's, and not everywhere. */
export const fleetPeerNames = ["parallel-ssh", "ClusterShell", "ansible-core", "taktuk"] as const;
export type FleetPeerName = (typeof fleetPeerNames)[number];

/** What is imported of a distribution that is not called as its module. */
const modules: Readonly<Record<string, string>> = { "parallel-ssh": "pssh.clients", "ansible-core": "ansible.cli" };

export interface PeersSetup<Name extends string = PeerName> {
  /** Versions of those that are there. */
  versions: Partial<Record<Name, string>>;
  /** Those that could not be had, with the reason. */
  missing: string[];
}

/** Installs what is missing, each by itself, so that one which cannot be had takes none of the others away. */
export function ensurePeers(): PeersSetup {
  return ensure(peerNames, install);
}

/** @param options with `install: false` only what is there already counts */
export function ensureFleetPeers({ install: wanted = true }: { install?: boolean } = {}): PeersSetup<FleetPeerName> {
  return ensure(fleetPeerNames, wanted ? install : () => ({ reason: "not installed" }));
}

function ensure<Name extends string>(names: readonly Name[], provide: (name: Name) => { reason: string } | undefined): PeersSetup<Name> {
  const setup: PeersSetup<Name> = { versions: {}, missing: [] };
  for (const name of names) {
    const version = versionOf(name) ?? provide(name) ?? versionOf(name);
    if (version === undefined) setup.missing.push(`${name} (it does not say its version)`);
    else if (typeof version === "string") setup.versions[name] = version;
    else setup.missing.push(`${name} (${version.reason})`);
  }
  return setup;
}

function versionOf(name: string): string | undefined {
  if (name === "taktuk") return /version ([\d.]+)/i.exec(spawnSync(name, ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1];
  if (!existsSync(peersPython)) return undefined;
  // The module itself is imported, so that a broken installation is none.
  const program = `import importlib.metadata, ${modules[name] ?? name}; print(importlib.metadata.version("${name}"))`;
  const { status, stdout } = spawnSync(peersPython, ["-c", program], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** Why it could not be installed; undefined when it was. */
function install(name: string): { reason: string } | undefined {
  if (name === "taktuk") {
    const reason = installDebianPackages([name]);
    return reason === undefined ? undefined : { reason };
  }
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
  for (const { versions, missing } of [ensurePeers(), ensureFleetPeers()]) {
    for (const [name, version] of Object.entries(versions)) console.log(`${name} ${version}`);
    for (const each of missing) console.log(`missing: ${each}`);
  }
}
