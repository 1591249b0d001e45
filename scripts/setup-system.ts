/* The system packages that the suites against real servers need. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

interface SystemPackage {
  /** Debian's name. */
  name: string;
  /** What it is needed for. */
  purpose: string;
  isPresent(): boolean;
}

const packages: readonly SystemPackage[] = [
  {
    name: "openssh-server",
    purpose: "the suites against a real sshd",
    isPresent: () => existsSync("/usr/sbin/sshd") && hasProgram("ssh-keygen"),
  },
  { name: "openssh-client", purpose: "the openssh() connector", isPresent: () => hasProgram("ssh") && hasProgram("ssh-agent") },
  {
    name: "python3-venv",
    purpose: "virtual environments",
    isPresent: () => spawnSync("/usr/bin/python3", ["-c", "import ensurepip"]).status === 0,
  },
  { name: "git", purpose: "modules from git repositories", isPresent: () => hasProgram("git") },
  { name: "rsync", purpose: "comparisons with rsync", isPresent: () => hasProgram("rsync") },
  { name: "fish", purpose: "accounts whose login shell is fish", isPresent: () => existsSync("/usr/bin/fish") },
  { name: "busybox", purpose: "quoting in the smallest shell", isPresent: () => hasProgram("busybox") },
  { name: "tcsh", purpose: "quoting, and accounts whose login shell is tcsh", isPresent: () => hasProgram("tcsh") },
  { name: "dropbear-bin", purpose: "ssh() against dropbear", isPresent: () => hasProgram("dropbear") && hasProgram("dropbearkey") },
  { name: "tinysshd", purpose: "ssh() against tinyssh", isPresent: () => hasProgram("tinysshd") },
  { name: "putty-tools", purpose: "keys of PuTTY", isPresent: () => hasProgram("puttygen") },
  { name: "zsh", purpose: "accounts whose login shell is zsh", isPresent: () => existsSync("/usr/bin/zsh") },
  { name: "ksh93u+m", purpose: "accounts whose login shell is ksh93", isPresent: () => existsSync("/usr/bin/ksh93") },
  { name: "mksh", purpose: "accounts whose login shell is mksh", isPresent: () => existsSync("/usr/bin/mksh") },
  { name: "yash", purpose: "accounts whose login shell is yash", isPresent: () => existsSync("/usr/bin/yash") },
  { name: "procps", purpose: "ending the processes below a command", isPresent: () => hasProgram("ps") },
];

export interface SystemSetup {
  /** What was installed now. */
  installed: string[];
  /** What is still lacking, with what it is needed for. */
  missing: { name: string; purpose: string }[];
  /** Why the missing were not installed. */
  reason?: string;
}

/** Installs what is missing where that is possible (root on Debian or Ubuntu), else says what is lacking. Never throws for that. */
export function ensureSystemPackages(report: (line: string) => void = console.log): SystemSetup {
  const missing = packages.filter((each) => !each.isPresent());
  if (missing.length === 0) return { installed: [], missing: [] };
  const names = missing.map((each) => each.name);
  if (process.getuid?.() !== 0 || !isDebian()) {
    return { installed: [], missing: missing.map(describe), reason: "installing needs root on Debian or Ubuntu" };
  }
  report(`installing ${names.join(", ")}`);
  let failure = install(names);
  if (failure !== undefined) {
    // The package lists may be older than the archive, or absent as in a fresh container.
    report("updating the package lists");
    aptGet(["update"]);
    failure = install(names);
  }
  const left = missing.filter((each) => !each.isPresent());
  return {
    installed: names.filter((name) => !left.some((each) => each.name === name)),
    missing: left.map(describe),
    ...(failure === undefined ? {} : { reason: failure }),
  };
}

/** Installs packages by name; why that did not work, or undefined when it did. */
export function installDebianPackages(names: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0 || !isDebian()) return "installing needs root on Debian or Ubuntu";
  if (install(names) === undefined) return undefined;
  aptGet(["update"]);
  return install(names);
}

function describe({ name, purpose }: SystemPackage): { name: string; purpose: string } {
  return { name, purpose };
}

function hasProgram(name: string): boolean {
  const directories = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/bin:/bin`.split(":");
  return directories.some((directory) => directory !== "" && existsSync(`${directory}/${name}`));
}

function isDebian(): boolean {
  if (!existsSync("/etc/os-release") || !hasProgram("apt-get")) return false;
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync("/etc/os-release", "utf8"));
}

/** Undefined when it worked, else the end of what apt-get said. */
function install(names: readonly string[]): string | undefined {
  return aptGet(["install", "--yes", "--no-install-recommends", ...names]);
}

function aptGet(args: readonly string[]): string | undefined {
  // A service that cannot be started in a container (policy-rc.d, no init) is no failure of the installation.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const result = spawnSync("apt-get", ["-q", ...args], { env, encoding: "utf8", timeout: 600_000 });
  return result.status === 0 ? undefined : `apt-get ${args[0]} failed: ${result.stderr.trim().split("\n").slice(-3).join(" ")}`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { installed, missing, reason } = ensureSystemPackages();
  if (installed.length > 0) console.log(`installed: ${installed.join(", ")}`);
  for (const { name, purpose } of missing) console.log(`missing: ${name} (${purpose})`);
  if (reason !== undefined && missing.length > 0) console.log(reason);
}
