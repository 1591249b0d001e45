/*
 * The host's Node packages: module `sremote:environment`, called by the client's install methods. They lie in the npm prefix `BASE/node`.
 * The names are those of the Python endpoint's `environment`, so that the client calls both alike.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { loadChildProcess } from "../host/lazy.ts";
import { searchDirectories } from "./search-directories.ts";

/** What failed; after a line `hint: …` what to do. */
class InstallFailed extends Error {
  override name = "InstallFailed";
}

interface Facts {
  base: string;
  interpreter: string;
}

function facts(): Facts {
  return { base: base(), interpreter: process.execPath };
}

function base(): string {
  const found = process.env["SREMOTE_BASE"];
  if (found === undefined) throw new InstallFailed("SREMOTE_BASE is not set");
  return found;
}

function prefix(): string {
  const directory = join(base(), "node");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** Makes the prefix. Idempotent. */
function prepare(): Facts {
  prefix();
  return facts();
}

function isInstalled(name: string): boolean {
  return searchDirectories(base()).some((directory) => {
    try {
      createRequire(`${directory}/`).resolve(name);
      return true;
    } catch {
      // A package may offer nothing to `require`, and be there all the same.
      return !name.startsWith(".") && !name.startsWith("/") && existsSync(join(directory, "node_modules", name, "package.json"));
    }
  });
}

function installPackages(packages: string[]): Facts {
  npm(packages);
  return facts();
}

function installGit(url: string, branch: string | null, name: string | null): Facts & { git: boolean } {
  if (findProgram("git") === undefined) return { ...facts(), git: false };
  const { address, env } = withoutSecret(url);
  const source = /^(git\+|git:|github:)/.test(address) ? address : `git+${/^[a-z+]+:\/\//i.test(address) ? address : `file://${address}`}`;
  npm([branch === null ? source : `${source}#${branch}`], env);
  checkProvided(name);
  return { ...facts(), git: true };
}

/** Installs from an archive that the client pushed; it is removed in any case. */
function installArchive(path: string, name: string | null): Facts {
  try {
    npm([path]);
  } finally {
    rmSync(path, { force: true });
  }
  checkProvided(name);
  return facts();
}

function npm(what: string[], env: Record<string, string> = {}): void {
  const program = findNpm();
  const args = ["install", "--prefix", prefix(), "--no-audit", "--no-fund", "--no-progress", "--", ...what];
  // What npm prints is the call's output.
  const { status, error } = loadChildProcess().spawnSync(program, args, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  if (error !== undefined) throw new InstallFailed(`npm could not be started: ${error.message}`);
  if (status !== 0) throw new InstallFailed("npm install ended with an error");
}

function findNpm(): string {
  // Beside the interpreter first: a version manager's Node comes with its own npm.
  const beside = join(dirname(process.execPath), "npm");
  const found = existsSync(beside) ? beside : findProgram("npm");
  if (found === undefined) throw new InstallFailed("the host has Node but no npm\nhint: install npm there");
  return found;
}

function findProgram(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((path) => existsSync(path));
}

function checkProvided(name: string | null): void {
  if (name !== null && !isInstalled(name)) throw new InstallFailed(`it was installed, but it provides no module ${name}`);
}

/** git asks a one-line helper for the password, so that it stands in no argument vector. */
function withoutSecret(url: string): { address: string; env: Record<string, string> } {
  const plain = url.replace(/^git\+(?=https?:)/, "");
  if (!/^https?:/i.test(plain) || !URL.canParse(plain)) return { address: url, env: {} };
  const parsed = new URL(plain);
  if (parsed.password === "") return { address: url, env: {} };
  const secret = decodeURIComponent(parsed.password);
  parsed.password = "";
  const env = {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "credential.helper",
    GIT_CONFIG_VALUE_0: '!f() { echo "password=$SREMOTE_GIT_PASSWORD"; }; f',
    SREMOTE_GIT_PASSWORD: secret,
  };
  return { address: parsed.href, env };
}

/** The module as `loadModule` gives it. */
export const packages: Record<string, unknown> = {
  prepare,
  is_installed: isInstalled,
  install_packages: installPackages,
  install_git: installGit,
  install_archive: installArchive,
};
