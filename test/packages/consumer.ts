/* An application's project into which the packages are installed as npm would publish them. Needs the built packages (`npm run build`). */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { consumersDirectory } from "../../scripts/setup-consumers.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Consumer extends Disposable {
  readonly directory: string;
  /** The files of each package, sorted. */
  readonly contents: ReadonlyMap<string, readonly string[]>;
}

export interface Ran {
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. @throws Error with all that it printed where its exit status is not 0 */
export async function run(command: string, args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<Ran> {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"], timeout: 180_000 });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject).once("close", resolve);
  const status = await promise;
  const stdout = Buffer.concat(out).toString("utf8");
  const stderr = Buffer.concat(err).toString("utf8");
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${status}\n${stdout}${stderr}`);
  return { stdout, stderr };
}

/** Packs every package, and installs them where bundlers and compilers are found as well. */
export async function makeConsumer(): Promise<Consumer> {
  mkdirSync(consumersDirectory, { recursive: true });
  const directory = mkdtempSync(join(consumersDirectory, "project-"));
  const contents = new Map<string, string[]>();
  const archives: string[] = [];
  const names = readdirSync(join(root, "packages"));
  const all = names.map((name) => `./packages/${name}`);
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", directory, ...all], { cwd: root });
  for (const { name, filename, files } of JSON.parse(stdout) as { name: string; filename: string; files: { path: string }[] }[]) {
    contents.set(name.replace("@sremote/", ""), files.map((file) => file.path).toSorted());
    archives.push(`./${filename}`);
  }
  writeFileSync(join(directory, "package.json"), '{ "private": true, "type": "module" }\n');
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...archives], { cwd: directory });
  return { directory, contents, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
