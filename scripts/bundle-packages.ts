/*
 * Makes the code that packages publish: one file for each entry, since Node takes longer to find and compile hundreds of modules than to run them
 * (docs/decisions/020-packages-are-bundled.md). Types come from the compiler. `node scripts/bundle-packages.ts [package …]`.
 */
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Files that are started as programs, by a package itself. */
const programs: Readonly<Record<string, readonly string[]>> = {
  fleet: ["src/transfer/rsync-shell.ts", "src/transfer/digest-worker.ts"],
};

interface Manifest {
  exports: Record<string, string | Record<string, string>>;
  bin?: Record<string, string>;
}

/** What others import or start: exports, commands and programs, as sources. */
function entriesOf(name: string): string[] {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as Manifest;
  const exported = Object.values(manifest.exports).flatMap((each) => (typeof each === "string" ? [] : [each["@sremote/source"] ?? ""]));
  const commands = Object.values(manifest.bin ?? {}).map((path) => path.replace(/^dist\/(.*)\.js$/, "src/$1.ts"));
  return [...exported, ...commands, ...(programs[name] ?? [])];
}

/** @param name of a directory below packages */
export async function bundlePackage(name: string): Promise<void> {
  const directory = join(root, "packages", name);
  const target = join(directory, "dist");
  const graph = await rolldown({
    input: Object.fromEntries(entriesOf(name).map((path) => [/^(?:\.\/)?src\/(.*)\.ts$/.exec(path)?.[1] ?? path, join(directory, path)])),
    cwd: directory,
    platform: "node",
    // Other packages stay what they are: each is loaded once, whoever uses it. The compiler's own helpers are nobody's dependency.
    external: (id) => !/^(?:[./]|@oxc-project\/runtime\/)/.test(id),
    transform: { target: "es2024" },
  });
  try {
    const { output } = await graph.generate({ dir: target, format: "esm", sourcemap: true, chunkFileNames: "[name].js" });
    const files = new Map(output.map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source]));
    for (const [file, text] of files) replace(join(target, file), Buffer.from(text));
    for (const old of globSync("**/*.{js,js.map}", { cwd: target })) if (!files.has(old)) rmSync(join(target, old));
  } finally {
    await graph.close();
  }
}

/** Whoever reads it meanwhile sees the old file or the new one. */
function replace(path: string, bytes: Buffer): void {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  writeFileSync(temporary, bytes);
  renameSync(temporary, path);
}

export async function bundlePackages(names: readonly string[] = readdirSync(join(root, "packages"))): Promise<void> {
  await Promise.all(names.map(bundlePackage));
}

if (import.meta.main) await bundlePackages(process.argv.length > 2 ? process.argv.slice(2) : undefined);
