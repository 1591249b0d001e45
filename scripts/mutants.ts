/*
 * `npm run mutants [-- --only TEXT] [-- --list]`: makes one small breaking change after the other in a copy of the tree, and runs the suites that
 * should notice. A change that no suite notices is a promise that no test holds. The changes are data: test/mutants/*.json.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { apply, type Mutant, readMutants } from "./mutants/mutant.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const copy = join(root, ".cache/mutants");
/** A suite that needs longer to notice is not where one would look. Without the time that set-up and building take. */
const longest = 60_000;

type Verdict = "killed" | "survived" | "too late" | "does not build";

/** A copy of what git knows, with the installed packages of this tree; those of the workspace are the copy's own. */
function makeCopy(): void {
  rmSync(copy, { recursive: true, force: true });
  const listed = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, maxBuffer: 1 << 26 });
  for (const file of listed.stdout.toString("utf8").split("\0")) {
    if (file === "" || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  linkModules("node_modules");
  for (const name of readdirSync(join(root, "packages"))) {
    if (existsSync(join(root, "packages", name, "node_modules"))) linkModules(`packages/${name}/node_modules`);
  }
  mkdirSync(join(copy, ".cache"), { recursive: true });
  for (const name of readdirSync(join(root, ".cache"))) {
    if (/^(?:node-|venv-|docker-engine|consumers)/.test(name)) symlinkSync(join(root, ".cache", name), join(copy, ".cache", name));
  }
}

function linkModules(directory: string): void {
  const target = join(copy, directory);
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(join(root, directory))) {
    if (name === "@sremote" || name === "sremote" || name.startsWith(".vite")) {
      // Relative links: they lead to the copy's packages.
      cpSync(join(root, directory, name), join(target, name), { recursive: true, verbatimSymlinks: true });
    } else symlinkSync(join(root, directory, name), join(target, name));
  }
}

function build(): boolean {
  for (const script of ["scripts/build-payload.ts", "scripts/embed-programs.ts"]) {
    const { status } = spawnSync(process.execPath, ["--conditions=@sremote/source", script], { cwd: copy, stdio: "ignore" });
    if (status !== 0) return false;
  }
  return true;
}

function notice(mutant: Mutant): Verdict {
  if (!build()) return "does not build";
  const until = Date.now() + longest;
  const run = (command: string, args: readonly string[], cwd: string): Verdict => {
    const { status, signal } = spawnSync(command, args, {
      cwd,
      stdio: "ignore",
      timeout: Math.max(1, until - Date.now()),
      killSignal: "SIGKILL",
    });
    if (signal !== null) return "too late";
    return status === 0 ? "survived" : "killed";
  };
  const python = mutant.suites.filter((suite) => suite.endsWith(".py"));
  const others = mutant.suites.filter((suite) => !suite.endsWith(".py"));
  if (python.length > 0) {
    const modules = python.map((suite) => `tests.${basename(suite, ".py")}`);
    const verdict = run("python3", ["-B", "-m", "unittest", "--failfast", ...modules], join(copy, "packages/endpoint/python"));
    if (verdict !== "survived" || others.length === 0) return verdict;
  }
  const named = mutant.test === undefined ? [] : ["-t", mutant.test];
  const args = ["--conditions=@sremote/source", "node_modules/vitest/vitest.mjs", "run", "--bail=1", "--retry=0", ...others, ...named];
  return run(process.execPath, args, copy);
}

function write(path: string, text: string): void {
  const beside = `${path}.new`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

const { values } = parseArgs({ options: { only: { type: "string" }, list: { type: "boolean" } } });
const mutants = readMutants().filter(({ name, file, suites }) => [name, file, ...suites].join(" ").includes(values.only ?? ""));
if (values.list === true) {
  for (const { name, file } of mutants) console.log(`${file}: ${name}`);
  process.exit(0);
}
makeCopy();
const bad: string[] = [];
for (const [index, mutant] of mutants.entries()) {
  const path = join(copy, mutant.file);
  const original = readFileSync(path, "utf8");
  const started = Date.now();
  write(path, apply(original, mutant));
  const verdict = notice(mutant);
  write(path, original);
  console.log(
    `${index + 1}/${mutants.length} ${verdict} in ${((Date.now() - started) / 1000).toFixed(0)} s: ${mutant.file}: ${mutant.name}`,
  );
  if (verdict !== "killed") bad.push(`${verdict}: ${mutant.file}: ${mutant.name}`);
}
for (const each of bad) console.log(`✗ ${each}`);
console.log(`${mutants.length - bad.length} passed, ${bad.length} failed`);
process.exit(bad.length === 0 ? 0 : 1);
