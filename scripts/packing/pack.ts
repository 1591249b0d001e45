/* The packages as npm would publish them. Needs the built packages (`npm run build`). */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Packed {
  /** Such as `@sremote/client`. */
  readonly name: string;
  /** Absolute path of the archive. */
  readonly archive: string;
  /** Paths in it, sorted. */
  readonly files: readonly string[];
}

/** Packs every package into a directory. */
export async function packPackages(directory: string): Promise<Packed[]> {
  const all = readdirSync(join(root, "packages")).map((name) => `./packages/${name}`);
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", directory, ...all], { cwd: root });
  const packed = JSON.parse(stdout) as { name: string; filename: string; files: { path: string }[] }[];
  return packed.map(({ name, filename, files }) => ({
    name,
    archive: join(directory, filename),
    files: files.map((file) => file.path).toSorted(),
  }));
}
