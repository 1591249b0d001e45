// Makes the payloads, and every package's types and code. Incremental: nothing to do takes a fraction of a second.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A package that is new since the last `npm install` is linked, as that would do it. */
function linkPackages(): void {
  for (const folder of readdirSync(join(root, "packages"))) {
    const { name } = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8")) as { name: string };
    const link = join(root, "node_modules", name);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), join(root, "packages", folder)), link, "junction");
  }
}

linkPackages();
/** Says that the packages are built of the sources as they were then: test/support/built.ts. Bundles that stay the same keep their times. */
const stamp = join(root, ".cache/built");
rmSync(stamp, { force: true });
const began = new Date();
const commands = [
  [process.execPath, "--conditions=@sremote/source", "scripts/build-payload.ts"],
  [process.execPath, "scripts/embed-programs.ts"],
  [process.execPath, "node_modules/typescript/bin/tsc", "-b", "tsconfig.build.json"],
  [process.execPath, "scripts/bundle-packages.ts"],
];
for (const [command, ...args] of commands) {
  const { status } = spawnSync(command!, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
mkdirSync(dirname(stamp), { recursive: true });
writeFileSync(stamp, "");
utimesSync(stamp, began, began);
