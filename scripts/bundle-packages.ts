/*
 * Makes the code that packages publish: one file for each entry, since Node takes longer to find and compile hundreds of modules than to run them
 * (docs/decisions/020-packages-are-bundled.md). Types come from the compiler. `node scripts/bundle-packages.ts [package …]`.
 */
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Libraries that become a part of a package: ssh2 as it is on npm builds native code at installation and asks for it when it runs, which no
 * bundler can follow. It does without, and so what runs is the same everywhere.
 */
const inlined: Readonly<Record<string, readonly string[]>> = { connectors: ["ssh2", "asn1", "safer-buffer", "bcrypt-pbkdf", "tweetnacl"] };

/**
 * Those libraries ask for Node's own modules by `require`, which a module does not have. ssh2 takes optional parts that cannot be loaded for parts
 * that are not installed.
 */
const asModules: Plugin = {
  name: "CommonJS without require",
  resolveId: (id) => (id === "cpu-features" || id.endsWith(".node") ? "\0native" : undefined),
  load: (id) => (id === "\0native" ? 'throw new Error("not installed")' : undefined),
  transform: (code, id) => {
    if (!id.includes("node_modules") || !/\brequire\b/.test(code)) return undefined;
    const asked = code.replace(/\brequire\((["'])([a-z_]+)\1\)/g, (all, _quote, module: string) =>
      isBuiltin(module) ? `process.getBuiltinModule("${module}")` : all,
    );
    // Lines stay where they are.
    return { code: asked.replaceAll("typeof require", '"function"'), map: null };
  },
};

interface Manifest {
  exports: Record<string, string | Record<string, string>>;
  bin?: Record<string, string>;
}

/** What others import or start: exports and commands, as sources. */
function entriesOf(name: string): string[] {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as Manifest;
  const exported = Object.values(manifest.exports).flatMap((each) => (typeof each === "string" ? [] : [each["@sremote/source"] ?? ""]));
  const commands = Object.values(manifest.bin ?? {}).map((path) => path.replace(/^dist\/(.*)\.js$/, "src/$1.ts"));
  return [...exported, ...commands];
}

/** @param name of a directory below packages */
export async function bundlePackage(name: string): Promise<void> {
  const directory = join(root, "packages", name);
  const target = join(directory, "dist");
  const parts = inlined[name] ?? [];
  const graph = await rolldown({
    input: Object.fromEntries(entriesOf(name).map((path) => [/^(?:\.\/)?src\/(.*)\.ts$/.exec(path)?.[1] ?? path, join(directory, path)])),
    cwd: directory,
    platform: "node",
    // Other packages stay what they are: each is loaded once, whoever uses it. The compiler's own helpers are nobody's dependency.
    external: (id) => !/^(?:[./\0]|@oxc-project\/runtime\/)/.test(id) && !(parts.length > 0 && [...parts, "cpu-features"].includes(id)),
    plugins: parts.length === 0 ? [] : [asModules],
    transform: { target: "es2024", define: parts.length === 0 ? {} : { __dirname: '""', __filename: '""' } },
  });
  try {
    // Maps name the sources, which are published beside the code, and do not hold them once more.
    const { output } = await graph.generate({
      dir: target,
      format: "esm",
      sourcemap: true,
      sourcemapExcludeSources: true,
      chunkFileNames: "[name].js",
    });
    const files = new Map(output.map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source]));
    for (const [file, text] of files) replace(join(target, file), Buffer.from(text));
    if (parts.length > 0) replace(join(target, "THIRD-PARTY-LICENSES.txt"), Buffer.from(licensesOf(parts)));
    for (const old of globSync("**/*.{js,js.map}", { cwd: target })) if (!files.has(old)) rmSync(join(target, old));
    // Nor do types stay whose source is gone: the compiler leaves them, and they would be published.
    for (const old of globSync("**/*.d.ts{,.map}", { cwd: target })) {
      if (!existsSync(join(directory, "src", old.replace(/\.d\.ts(?:\.map)?$/, ".ts")))) rmSync(join(target, old));
    }
  } finally {
    await graph.close();
  }
}

/** What those ask for who wrote the libraries that are a part of the package. */
function licensesOf(libraries: readonly string[]): string {
  const texts = libraries.map((library) => {
    const directory = join(root, "node_modules", library);
    const { version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { version: string; license: string };
    const text = readFileSync(join(directory, readdirSync(directory).find((file) => /^licen[cs]e/i.test(file)) ?? "package.json"), "utf8");
    return `${library} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return `This package holds code of these libraries.\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`;
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
