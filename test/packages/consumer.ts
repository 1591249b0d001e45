/* An application's project into which the packages are installed as npm would publish them. Needs the built packages (`npm run build`). */
import { createHash } from "node:crypto";
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Packed, packPackages, run } from "../../scripts/packing/index.ts";
import { consumersDirectory } from "../../scripts/setup-consumers.ts";

export interface Consumer extends Disposable {
  readonly directory: string;
  readonly packed: readonly Packed[];
  /** The files of each package, sorted. */
  readonly contents: ReadonlyMap<string, readonly string[]>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What the packages are made of, as they are now. */
function digest(): string {
  const hash = createHash("sha256").update(readFileSync(join(root, "package-lock.json")));
  const files = globSync("packages/*/{package.json,*.md,LICENSE,{dist,src}/**/*.{js,ts,map,txt,json}}", { cwd: root }).toSorted();
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest("hex").slice(0, 16);
}

/** A project with all packages, packed and installed: made once for all suites that begin with a copy of it. */
async function template(): Promise<string> {
  const made = join(consumersDirectory, `installed-${digest()}`);
  if (existsSync(made)) return made;
  const old = globSync("installed-*", { cwd: consumersDirectory }).map((name) => join(consumersDirectory, name));
  for (const each of old.filter((path) => path !== made)) rmSync(each, { recursive: true, force: true });
  const directory = mkdtempSync(join(consumersDirectory, "making-"));
  const packed = await packPackages(directory);
  const archives = packed.map(({ archive }) => `./${basename(archive)}`);
  writeFileSync(join(directory, "packed.json"), JSON.stringify(packed));
  writeFileSync(join(directory, "package.json"), '{ "private": true, "type": "module" }\n');
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...archives], { cwd: directory });
  try {
    renameSync(directory, made);
  } catch {
    rmSync(directory, { recursive: true, force: true }); // Another suite was first.
  }
  return made;
}

/** An application of its own, installed where bundlers and compilers are found as well. */
export async function makeConsumer(): Promise<Consumer> {
  mkdirSync(consumersDirectory, { recursive: true });
  const from = await template();
  const directory = mkdtempSync(join(consumersDirectory, "project-"));
  cpSync(from, directory, { recursive: true, verbatimSymlinks: true });
  const packed = (JSON.parse(readFileSync(join(from, "packed.json"), "utf8")) as Packed[]).map((each) => ({
    ...each,
    archive: join(directory, basename(each.archive)),
  }));
  const contents = new Map(packed.map(({ name, files }) => [name.replace("@sremote/", ""), files]));
  return { directory, packed, contents, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
