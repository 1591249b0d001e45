/* An application's project into which the packages are installed as npm would publish them. Needs the built packages (`npm run build`). */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Packed, packPackages, run } from "../../scripts/packing/index.ts";
import { consumersDirectory } from "../../scripts/setup-consumers.ts";

export interface Consumer extends Disposable {
  readonly directory: string;
  readonly packed: readonly Packed[];
  /** The files of each package, sorted. */
  readonly contents: ReadonlyMap<string, readonly string[]>;
}

/** Packs every package, and installs them where bundlers and compilers are found as well. */
export async function makeConsumer(): Promise<Consumer> {
  mkdirSync(consumersDirectory, { recursive: true });
  const directory = mkdtempSync(join(consumersDirectory, "project-"));
  const packed = await packPackages(directory);
  const contents = new Map(packed.map(({ name, files }) => [name.replace("@sremote/", ""), files]));
  const archives = packed.map(({ archive }) => `./${basename(archive)}`);
  writeFileSync(join(directory, "package.json"), '{ "private": true, "type": "module" }\n');
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...archives], { cwd: directory });
  return { directory, packed, contents, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
