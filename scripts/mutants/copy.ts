/* A copy of the tree, in which the breaking changes are made: an interrupted run leaves no broken file where anybody works. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

/** Copies what git knows, and links the installed packages of this tree; those of the workspace are the copy's own. */
export function makeCopy(root: string, copy: string): void {
  rmSync(copy, { recursive: true, force: true });
  const listed = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, maxBuffer: 1 << 26 });
  for (const file of listed.stdout.toString("utf8").split("\0")) {
    if (file === "" || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  linkModules(root, copy, "node_modules");
  for (const name of readdirSync(join(root, "packages"))) {
    if (existsSync(join(root, "packages", name, "node_modules"))) linkModules(root, copy, `packages/${name}/node_modules`);
  }
  mkdirSync(join(copy, ".cache"), { recursive: true });
  for (const name of readdirSync(join(root, ".cache"))) {
    if (/^(?:node-|venv-|docker-engine|podman)/.test(name)) symlinkSync(join(root, ".cache", name), join(copy, ".cache", name));
    // Broken programs are not kept beside those of the tree.
    if (name === "deflated") cpSync(join(root, ".cache", name), join(copy, ".cache", name), { recursive: true, dereference: true });
  }
}

function linkModules(root: string, copy: string, directory: string): void {
  const target = join(copy, directory);
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(join(root, directory))) {
    if (name === "@sremote" || name === "sremote" || name.startsWith(".vite")) {
      // Relative links: they lead to the copy's packages.
      cpSync(join(root, directory, name), join(target, name), { recursive: true, verbatimSymlinks: true });
    } else symlinkSync(join(root, directory, name), join(target, name));
  }
}

/** Packs the programs that are sent to hosts. @returns false where that fails */
export function buildPrograms(copy: string): boolean {
  return ["scripts/build-payload.ts", "scripts/embed-programs.ts"].every((script) => {
    const { status } = spawnSync(process.execPath, ["--conditions=@sremote/source", script], { cwd: copy, stdio: "ignore" });
    return status === 0;
  });
}

/** Whether a suite runs the programs that are sent to hosts as they were packed, and not from their sources. */
export function needsPrograms(suite: string): boolean {
  return !/^(?:packages\/(?:protocol|endpoint|connectors)|test\/conformance)\//.test(suite);
}

/** Whether those programs are made from the file, among others. */
export function isInPrograms(file: string): boolean {
  return /^(?:packages\/(?:endpoint|protocol|fleet\/python|fleet\/src\/transfer)|resources|scripts)\//.test(file);
}
