// Makes the payloads, and every package's types and code. Incremental: nothing to do takes a fraction of a second.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
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
