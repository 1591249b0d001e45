/*
 * `npm run release -- --dry-run [--docs]`: what a user of the next release gets. Packs every package, installs the archives into empty projects by
 * npm, pnpm and yarn, compiles the README's first block there as `tsc --init` has it, and runs it; then measures installation and import beside
 * peers. With --docs the table goes into docs/benchmarks.md. It publishes nothing: RELEASING.md says what does.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { replaceSection } from "../bench/readme.ts";
import { type Lab, startSshd } from "./labs/sshd.ts";
import { type Installation, installWith, managers, measureInstallations, packPackages, type Project } from "./packing/index.ts";
import { ensureConsumers } from "./setup-consumers.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
/** `import "sremote"` costs at most so many times as much as `import "ssh2"`. */
const importAim = 1.3;
/** Yarn's Plug'n'Play has no files in `node_modules`, which the compiler of 7 looks for. */
const compilers = { npm: "7.0.2", pnpm: "7.0.2", yarn: "5.9.3" } as const;

const known = ["--dry-run", "--docs"];
const unknown = process.argv.slice(2).filter((each) => !known.includes(each));
if (unknown.length > 0 || !process.argv.includes("--dry-run")) {
  console.error("release: npm run release -- --dry-run [--docs]; continuous integration publishes, see RELEASING.md");
  process.exit(2);
}
const missing = ensureConsumers();
if (missing.length > 0) throw new Error(`release: missing: ${missing.join(", ")}`);
if (process.getuid?.() !== 0)
  throw new Error("release: the README's block calls a host over SSH; a server with accounts of its own needs root");

/** The README's first block, for the host that there is, and for the module that TypeScript's defaults make of it. */
async function firstBlock(lab: Lab): Promise<string> {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const [, code] = /```ts[^\n]*\n(.*?)```/s.exec(readme) ?? [];
  if (code === undefined) throw new Error("release: README.md has no block of TypeScript");
  const user = await lab.addUser();
  const host = {
    host: lab.address,
    port: lab.port,
    username: user.name,
    privateKeyPath: lab.key.path,
    knownHosts: lab.knownHosts,
    sshConfig: false,
  };
  const own = code.replaceAll('ssh("me@gpu.example.org")', `ssh(${JSON.stringify(host)})`);
  if (own === code) throw new Error("release: the README's first block names another host than me@gpu.example.org");
  return own;
}

/** Compiles the block and runs it. Returns what it printed. */
async function compileAndRun(project: Project, block: string): Promise<string> {
  await writeFile(join(project.directory, "first.ts"), block);
  await project.exec(["tsc", "--init"]);
  await project.exec(["tsc", "--project", "."]);
  // The project's Node, which is first on PATH, else the one that runs this.
  const { stdout } = await project.exec(["node", "first.js"], { NODE_OPTIONS: "" });
  return stdout;
}

function table(found: readonly Installation[]): string {
  const ssh2 = found.find(({ name }) => name === "ssh2")!;
  const rows = found.map(({ name, version, packages, bytes, installMs, importMs, scripts }) => {
    const times = name === "ssh2" ? "" : ` (${(importMs / ssh2.importMs).toFixed(2)} × ssh2)`;
    return [
      `| ${name} ${version}`,
      `${(bytes / 1e6).toFixed(1)} MB`,
      String(packages),
      `${(installMs / 1000).toFixed(1)} s`,
      `${importMs.toFixed(0)} ms${times}`,
      `${scripts.length === 0 ? "none" : scripts.join(", ")} |`,
    ].join(" | ");
  });
  const head = [
    "| package | installed | packages | `npm install` | `import`, processor time | scripts at installation |",
    "|---|---|---|---|---|---|",
  ];
  const [cpu] = cpus();
  const caption = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpu?.model ?? "unknown processor"}, Node ${process.versions.node}, medians.`;
  return `${caption}\n\n${[...head, ...rows].join("\n")}`;
}

const directory = await mkdtemp(join(tmpdir(), "sremote-release-"));
const lab = await startSshd();
try {
  const archives = join(directory, "archives");
  await mkdir(archives);
  const packed = await packPackages(archives);
  console.log(`packed: ${packed.map(({ name, files }) => `${name} (${files.length} files)`).join(", ")}`);
  const block = await firstBlock(lab);
  for (const manager of managers) {
    const others = { typescript: compilers[manager], "@types/node": "22.19.1" };
    const project = await installWith(manager, packed, join(directory, manager), others);
    if (/gyp|ignored build|install scripts? (?:was|were)/i.test(project.said)) {
      throw new Error(`${manager} speaks of a native build or of a script:\n${project.said}`);
    }
    const printed = await compileAndRun(project, block);
    if (!/^\/\S+:\S*\n\d+\.\d+\.\d+\n$/.test(printed)) throw new Error(`${manager}: the README's first block printed ${printed}`);
    console.log(`${manager}: installed, compiled by TypeScript ${compilers[manager]}, called`);
  }
  const measured = join(directory, "measured");
  await mkdir(measured);
  const found = await measureInstallations(packed, measured);
  const text = table(found);
  console.log(`\n${text}\n`);
  if (process.argv.includes("--docs")) {
    const page = join(root, "docs/benchmarks.md");
    await writeFile(page, replaceSection(await readFile(page, "utf8"), "release", text));
  }
  const [own, ssh2] = ["sremote", "ssh2"].map((name) => found.find((each) => each.name === name)!);
  if (own!.scripts.length > 0) throw new Error(`release: scripts run at installation: ${own!.scripts.join(", ")}`);
  const times = own!.importMs / ssh2!.importMs;
  if (times > importAim) throw new Error(`release: import "sremote" costs ${times.toFixed(2)} × import "ssh2", more than ${importAim}`);
  console.log("release: all well; nothing was published");
} finally {
  await lab.stop();
  await rm(directory, { recursive: true, force: true });
}
