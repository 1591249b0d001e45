/* Bundlers, runtimes and compilers of the applications that use the packages, for the tests of what is published. Pinned, from npm. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Projects below it find what is installed here. */
export const consumersDirectory: string = join(root, ".cache/consumers");

const dependencies = {
  "@oven/bun-linux-x64": "1.4.5",
  "@rollup/plugin-commonjs": "29.0.3",
  "@rollup/plugin-json": "6.1.0",
  "@rollup/plugin-node-resolve": "16.0.3",
  "@types/node": "22.19.1",
  "@yarnpkg/cli-dist": "4.18.1",
  esbuild: "0.28.2",
  next: "16.4.6",
  pnpm: "10.34.8",
  postject: "1.0.0-alpha.6",
  react: "19.3.1",
  "react-dom": "19.3.1",
  rollup: "4.68.8",
  "typescript-5.4": "npm:typescript@5.4.3",
  "typescript-5.9": "npm:typescript@5.9.3",
  vite: "8.4.0",
  webpack: "5.113.0",
  "webpack-cli": "7.3.1",
};

/** Installs what is missing; returns what could not be had, with the reason. */
export function ensureConsumers(): string[] {
  const manifest = `${JSON.stringify({ private: true, dependencies }, undefined, 2)}\n`;
  const file = join(consumersDirectory, "package.json");
  if (
    existsSync(file) &&
    readFileSync(file, "utf8") === manifest &&
    existsSync(join(consumersDirectory, "node_modules/.package-lock.json"))
  )
    return [];
  mkdirSync(consumersDirectory, { recursive: true });
  writeFileSync(file, manifest);
  const args = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"];
  const { status, stderr } = spawnSync("npm", args, { cwd: consumersDirectory, encoding: "utf8", timeout: 600_000 });
  return status === 0 ? [] : [`bundlers and runtimes for the packages (npm: ${stderr.trim().split("\n").slice(0, 3).join(" ")})`];
}

if (import.meta.main) for (const each of ensureConsumers()) console.log(`missing: ${each}`);
