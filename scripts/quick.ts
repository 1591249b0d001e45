/*
 * `npm run test:quick`: what one runs while editing, under a minute: the suites that start few processes and need no server, no account, no network.
 * With names, `npm run test:quick -- packages/fleet`, those of them whose path has one.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { quickSuites } from "./quick-suites.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const wanted = process.argv.slice(2);
const files = quickSuites(root).filter((file) => wanted.length === 0 || wanted.some((name) => file.includes(name)));
if (files.length === 0) {
  console.error(`test:quick: no quick suite has ${wanted.join(" or ")} in its path`);
  process.exit(2);
}
const began = performance.now();
const args = ["node_modules/vitest/vitest.mjs", "run", "--reporter=dot", ...files];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
console.log(
  `${status === 0 ? "quick suites passed" : "FAILED"} in ${((performance.now() - began) / 1000).toFixed(0)} s; \`npm test\` runs all`,
);
process.exit(status ?? 1);
