// `npm run demo`, `npm test`, `npm run bench`, `npm run fuzz`, `npm run nightly` and `npm run example` on a fresh clone: installs and builds what is missing, then goes on with the right Node.
// Plain JavaScript for Node 20 and later, since nothing is installed yet when it starts.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [task, ...rest] = process.argv.slice(2);
const scripts = {
  demo: "scripts/demo.ts",
  test: "scripts/test.ts",
  quick: "scripts/quick.ts",
  bench: "bench/run.ts",
  fuzz: "scripts/fuzz.ts",
  nightly: "scripts/nightly.ts",
  mutants: "scripts/mutants.ts",
  release: "scripts/release.ts",
  example: "scripts/example.ts",
};
if (!(task in scripts)) {
  console.error(`run.mjs: unknown task ${task}; there are ${Object.keys(scripts).join(", ")}`);
  process.exit(2);
}

function step(title, command, args, env = {}) {
  const started = Date.now();
  process.stdout.write(`» ${title} … `);
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, ...env },
  });
  if (error !== undefined || status !== 0) {
    process.stdout.write("failed\n");
    process.stderr.write(`${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}\n`);
    process.exit(1);
  }
  process.stdout.write(`${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

function installed() {
  const done = join(root, "node_modules/.package-lock.json");
  if (!existsSync(done)) return false;
  // The copy that npm keeps of what it installed differs from the lock file as soon as that changes.
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const there = JSON.parse(readFileSync(done, "utf8")).packages;
  return Object.entries(wanted).every(
    ([name, { version, optional, link }]) =>
      name === "" || !name.startsWith("node_modules/") || optional || link || there[name]?.version === version,
  );
}

/** Node of the project where its platform has one, else this Node if it is new enough. */
function findNode() {
  const own = join(root, "node_modules/.bin/node");
  if (existsSync(own)) return own;
  // The scripts run as they are written, and `using` in them is known from Node 24 on. The packages themselves need 22.19.
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  console.error(`working on sremote needs Node 24 or later on this platform; this is ${process.versions.node}`);
  return process.exit(1);
}

// Not `npm ci`: it refuses a lock file without the optional packages of every platform, and mirrors do not have them all.
if (!installed()) step("installing packages", "npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
const node = findNode();
const bin = dirname(node);
const path = `${join(root, "node_modules/.bin")}:${bin}:${process.env.PATH}`;
step("building", node, ["scripts/build.ts"], { PATH: path });
const { status, signal } = spawnSync(
  node,
  ["--disable-warning=ExperimentalWarning", "--conditions=@sremote/source", scripts[task], ...rest],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: path, TURBO_TELEMETRY_DISABLED: "1" },
  },
);
if (signal !== null) console.error(`run.mjs: ended by ${signal}`);
process.exit(status ?? 1);
