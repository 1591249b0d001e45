/* Empty projects into which a package manager installs the packed packages, as an application would install the published ones. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { consumersDirectory } from "../setup-consumers.ts";
import type { Packed } from "./pack.ts";
import { type Ran, run } from "./run.ts";

export type Manager = "npm" | "pnpm" | "yarn";
export const managers: readonly Manager[] = ["npm", "pnpm", "yarn"];

const bin = (name: string): string => join(consumersDirectory, "node_modules/.bin", name);

/** Environment of package managers: nothing of ours reaches them. */
function environment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of Object.keys(env)) if (/^(npm_|NODE_OPTIONS$|INIT_CWD$)/i.test(name)) delete env[name];
  // Without an interactive terminal, yarn would take the lock file for finished.
  return { ...env, YARN_ENABLE_IMMUTABLE_INSTALLS: "false", YARN_ENABLE_TELEMETRY: "0", CI: "false" };
}

/** Where npm gets packages from: the same for all managers. */
async function registry(): Promise<string> {
  const { stdout } = await run("npm", ["config", "get", "registry"], { cwd: consumersDirectory, env: environment() });
  return stdout.trim();
}

export interface Project {
  readonly directory: string;
  readonly manager: Manager;
  /** What the installation printed. */
  readonly said: string;
  /** Runs a program with the project's packages, as `npx`, `pnpm exec` and `yarn` do. */
  exec(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran>;
}

/**
 * Installs the packages into a new project.
 *
 * @param directory is made
 * @param others by name, with their versions, such as compilers
 */
export async function installWith(
  manager: Manager,
  packed: readonly Packed[],
  directory: string,
  others: Readonly<Record<string, string>> = {},
): Promise<Project> {
  await mkdir(directory);
  const own = Object.fromEntries(packed.map(({ name, archive }) => [name, `file:${archive}`]));
  const manifest = { name: "application", private: true, type: "module", dependencies: { sremote: own["sremote"], ...others } };
  // An application names `sremote` alone. The others are no place on the registry yet, so each manager is told where they are.
  const redirected = { npm: { overrides: without(own, "sremote") }, pnpm: {}, yarn: { resolutions: own } }[manager];
  await writeFile(join(directory, "package.json"), `${JSON.stringify({ ...manifest, ...redirected }, undefined, 2)}\n`);
  const env = environment();
  const cwd = directory;
  if (manager === "npm") {
    const { stdout, stderr } = await run("npm", ["install", "--no-audit", "--no-fund"], { cwd, env });
    const exec = (args: readonly string[], more?: NodeJS.ProcessEnv): Promise<Ran> =>
      run("npm", ["exec", "--offline", "--", ...args], { cwd, env: { ...env, ...more } });
    return { directory, manager, said: stdout + stderr, exec };
  }
  if (manager === "pnpm") {
    const lines = Object.entries(own).map(([name, from]) => `  "${name}": "${from}"\n`);
    await writeFile(join(directory, "pnpm-workspace.yaml"), `packages: []\noverrides:\n${lines.join("")}`);
    const { stdout, stderr } = await run(process.execPath, [bin("pnpm"), "install", "--no-frozen-lockfile"], { cwd, env });
    const exec = (args: readonly string[], more?: NodeJS.ProcessEnv): Promise<Ran> =>
      run(process.execPath, [bin("pnpm"), "exec", ...args], { cwd, env: { ...env, ...more } });
    return { directory, manager, said: stdout + stderr, exec };
  }
  await writeFile(join(directory, "yarn.lock"), "");
  await writeFile(join(directory, ".yarnrc.yml"), `npmRegistryServer: "${await registry()}"\n`);
  // All that it keeps goes with the project.
  const confined = { ...env, YARN_GLOBAL_FOLDER: join(directory, ".yarn/global"), YARN_ENABLE_GLOBAL_CACHE: "false" };
  const { stdout, stderr } = await run(process.execPath, [bin("yarn"), "install"], { cwd, env: confined });
  const exec = (args: readonly string[], more?: NodeJS.ProcessEnv): Promise<Ran> =>
    run(process.execPath, [bin("yarn"), ...args], { cwd, env: { ...confined, ...more } });
  return { directory, manager, said: stdout + stderr, exec };
}

function without<T>(all: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([each]) => each !== name));
}
