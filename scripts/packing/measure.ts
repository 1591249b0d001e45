/* What a package costs an application before it does anything: its size, its dependencies, the time to install and to import it. */
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Packed } from "./pack.ts";
import { run } from "./run.ts";

export interface Installation {
  readonly name: string;
  readonly version: string;
  /** Packages in `node_modules`, itself included. */
  readonly packages: number;
  /** Sum of its files. */
  readonly bytes: number;
  /** Of `npm install` in an empty project whose cache is filled, in milliseconds. */
  readonly installMs: number;
  /** Processor time of `import`, in milliseconds. */
  readonly importMs: number;
  /** Packages that want to run a script at installation, by name. */
  readonly scripts: readonly string[];
}

const installations = 5;
const imports = 21;

/** Peers with the versions that they are measured in. */
export const peers: Readonly<Record<string, string>> = { ssh2: "1.17.0", "node-ssh": "13.2.1", zx: "8.8.5", execa: "10.2.1" };

/**
 * Measures sremote and its peers side by side: one after the other in each round, so that a busy machine is busy for all of them.
 *
 * @param directory in which projects are made
 */
export async function measureInstallations(packed: readonly Packed[], directory: string): Promise<Installation[]> {
  const own = Object.fromEntries(packed.map(({ name, archive }) => [name, `file:${archive}`]));
  const { sremote, ...others } = own;
  const all = [
    { name: "sremote", wanted: sremote!, overrides: others },
    ...Object.entries(peers).map(([name, wanted]) => ({ name, wanted, overrides: {} })),
  ];
  const installed = new Map<string, number[]>(all.map(({ name }) => [name, []]));
  for (let round = 0; round <= installations; round += 1) {
    for (const { name, wanted, overrides } of all) {
      const cwd = join(directory, name);
      await rm(cwd, { recursive: true, force: true });
      await mkdir(cwd);
      await writeFile(join(cwd, "package.json"), JSON.stringify({ private: true, dependencies: { [name]: wanted }, overrides }));
      const began = performance.now();
      // No scripts: what they would build is not part of what is compared, and peers without them must not wait for those with.
      await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd });
      // The first round fills the cache.
      if (round > 0) installed.get(name)!.push(performance.now() - began);
    }
  }
  const imported = new Map<string, number[]>(all.map(({ name }) => [name, []]));
  for (let round = 0; round < imports; round += 1) {
    for (const { name } of all) imported.get(name)!.push(await importTime(name, join(directory, name)));
  }
  return await Promise.all(
    all.map(async ({ name }) => {
      const cwd = join(directory, name);
      const lock = JSON.parse(await readFile(join(cwd, "package-lock.json"), "utf8")) as Lock;
      const entries = Object.entries(lock.packages).filter(([path]) => path !== "");
      return {
        name,
        version: lock.packages[`node_modules/${name}`]!.version,
        packages: entries.length,
        bytes: await sizeOf(join(cwd, "node_modules")),
        installMs: median(installed.get(name)!),
        importMs: median(imported.get(name)!),
        scripts: entries.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path.replace(/^.*node_modules\//, "")),
      };
    }),
  );
}

interface Lock {
  packages: Record<string, { version: string; hasInstallScript?: boolean }>;
}

/** Processor time, which other programs disturb less than the time that passes. */
async function importTime(name: string, cwd: string): Promise<number> {
  const code = `const before = process.cpuUsage(); await import("${name}"); const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1000);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code], { cwd, env: { ...process.env, NODE_OPTIONS: "" } });
  return Number(stdout);
}

async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== ".package-lock.json");
  const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
