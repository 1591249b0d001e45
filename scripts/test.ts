// `npm test`: sets up what the tests need, then runs every check and suite. `.ci/run` calls exactly this.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { dockerProblem } from "./labs/docker.ts";
import { ensureConsumers } from "./setup-consumers.ts";
import { ensureDocker } from "./setup-docker.ts";
import { ensurePodman } from "./setup-podman.ts";
import { ensureSfapiClient } from "./setup-sfapi.ts";
import { ensureJupyter } from "./setup-jupyter.ts";
import { ensureNodes, nodeProgram } from "./setup-nodes.ts";
import { ensureMatplotlib } from "./setup-matplotlib.ts";
import { ensureNumpy } from "./setup-numpy.ts";
import { ensureTables } from "./setup-tables.ts";
import { ensureSystemPackages } from "./setup-system.ts";
import { suiteTimes } from "./suite-times.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const inCi = process.env["CI"] === "true";
const started = Date.now();
/** What failed: checks, set-up, suites. */
const failures: string[] = [];
/** Of those, the ones that no failed test stands for. */
let failedChecks = 0;
let passed = 0;
let failed = 0;
const failedTests: string[] = [];
const unsteadyTests: string[] = [];
/** Seconds that each file took, beside others. */
const fileTimes = new Map<string, number>();
/** Files that may be run once more by themselves; where more fail it is not the machine. */
const mostAgain = 3;

/** What is used of vitest's JSON. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    message: string;
    startTime: number;
    endTime: number;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

function fail(what: string): void {
  failures.push(what);
  failedChecks += 1;
}

/** Runs a command; its output is shown only where it fails, or as it comes with `live`. */
async function step(title: string, command: string, args: readonly string[], options: RunOptions = {}): Promise<boolean> {
  const begin = Date.now();
  // What comes in between would be on its line.
  const isAlone = options.live !== true && options.beside !== true;
  process.stdout.write(`» ${title} … ${isAlone ? "" : "\n"}`);
  const child = spawn(command, args, {
    cwd: root,
    stdio: options.live ? "inherit" : ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  const output = Promise.all([child.stdout, child.stderr].flatMap((stream) => (stream === null ? [] : [buffer(stream)])));
  const [status, reason] = await once(child, "close").then(
    ([code]) => [code as number | null, ""] as const,
    (error: unknown) => [null, String(error)] as const,
  );
  const ok = status === 0;
  console.log(`${isAlone ? "" : `» ${title} `}${ok ? "ok" : "FAILED"} ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  if (!ok) {
    fail(title);
    console.log(`${Buffer.concat(await output).toString("utf8")}${reason}`);
  }
  return ok;
}

/** Fetches what suites need, the first time; each may take a minute, so each is named. Returns what is missing. */
function setUp(title: string, ensure: () => readonly string[]): readonly string[] {
  const begin = Date.now();
  process.stdout.write(`  ${title} … `);
  const missing = ensure();
  console.log(`${missing.length === 0 ? "ok" : "missing"} ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  return missing;
}

/** Runs vitest. Files that fail beside others are run once more, alone: only what fails then too is a failure, and what does not is named at the end. */
async function suite(title: string, node: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const first = await vitest(title, node, args, options);
  passed += first.passed;
  const files = [...first.bad.keys()];
  if (!first.ok && files.length > 0 && files.length <= mostAgain) {
    const again = await vitest(`${title}, once more`, node, [...files, "--maxWorkers=1", "--maxConcurrency=1"], options);
    failedChecks -= again.ok ? 0 : 1; // stands for what the first one stands for
    if (again.ok && again.passed >= first.failed) {
      failures.splice(failures.indexOf(title), 1);
      failedChecks -= 1;
      passed += first.failed;
      unsteadyTests.push(...[...first.bad.values()].flat());
      return;
    }
  }
  // Failed tests stand for their suite; a file that could not be loaded has none.
  failedChecks -= !first.ok && first.failed > 0 ? 1 : 0;
  failed += first.failed;
  failedTests.push(...[...first.bad.values()].flat());
}

interface RunOptions {
  env?: Record<string, string> | undefined;
  /** Output as it comes. */
  live?: boolean;
  /** Other steps run at the same time. */
  beside?: boolean;
}

interface Outcome {
  ok: boolean;
  passed: number;
  failed: number;
  /** What failed in each file. */
  bad: Map<string, string[]>;
}

async function vitest(title: string, node: string, args: readonly string[], options: RunOptions): Promise<Outcome> {
  const report = join(root, ".cache", `vitest-${title.replace(/\W+/g, "-")}.json`);
  mkdirSync(join(root, ".cache"), { recursive: true });
  rmSync(report, { force: true });
  const all = ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...args];
  const ok = await step(title, node, all, options);
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const bad = new Map<string, string[]>();
  for (const { name, message, startTime, endTime, assertionResults } of testResults) {
    const file = relative(root, name);
    fileTimes.set(file, (fileTimes.get(file) ?? 0) + (endTime - startTime) / 1000);
    const wrong = assertionResults.filter(({ status }) => status === "failed");
    const texts = wrong.map(({ fullName, failureMessages }) => `${file} > ${fullName}\n${failureMessages.join("\n")}`);
    if (texts.length === 0 && message !== "") texts.push(`${file}\n${message}`);
    if (texts.length > 0) bad.set(file, texts);
  }
  return { ok, passed: numPassedTests, failed: numFailedTests, bad };
}

/** Where no sshd can be had, the arguments and environment that leave its suites out; each is named. */
function withoutServers(): [args: string[], env: Record<string, string>] {
  if (system.missing.length === 0 && process.getuid?.() === 0) return [[], {}];
  const reason = process.getuid?.() === 0 ? "system packages are missing" : "accounts and mounts need root";
  const files = globSync(["packages/**/*.test.ts", "test/**/*.test.ts"], { cwd: root, exclude: ["**/node_modules/**"] });
  const left = files.filter((file) =>
    /labs\/sshd|labs\/many-hosts|support\/bare-hosts|sharedSshd|taken-pid|=== "ssh/.test(readFileSync(join(root, file), "utf8")),
  );
  for (const file of left) console.log(`  skipped because ${reason}: ${file}`);
  console.log(`  skipped because ${reason}: the hosts over ssh and openssh in all other suites`);
  if (inCi) fail("suites that need an SSH server were skipped");
  return [left.map((file) => `--exclude=${file}`), { SREMOTE_TEST_HOSTS: "local,local without sessions,three functions,memory" }];
}

/** The suites that need a real Docker Engine or Podman, where the kernel or a container around us does not let one run. */
async function withoutDocker(): Promise<string[]> {
  const problem = docker.length > 0 ? "the engine is missing" : await dockerProblem();
  if (problem === undefined) return [];
  const files = globSync("test/rest/docker*.test.ts", { cwd: root });
  for (const file of files) console.log(`  skipped because no Docker Engine can run here (${problem}): ${file}`);
  return files.map((file) => `--exclude=${file}`);
}

console.log("» set-up");
const system = ensureSystemPackages((line) => console.log(`  ${line}`));
const docker = [...setUp("Docker Engine", ensureDocker), ...setUp("Podman", ensurePodman)];
const missing = [
  ...system.missing.map(({ name, purpose }) => `${name}, for ${purpose} (${system.reason ?? "no reason given"})`),
  ...setUp("other Nodes", ensureNodes),
  ...setUp("numpy", ensureNumpy),
  ...setUp("pandas, polars and pyarrow", ensureTables),
  ...setUp("matplotlib", ensureMatplotlib),
  ...setUp("Jupyter Server", ensureJupyter),
  ...setUp("NERSC's client", ensureSfapiClient),
  ...setUp("bundlers and compilers", ensureConsumers),
  ...docker,
];
for (const each of missing) console.log(`  skipped because missing: ${each}`);
if (missing.length > 0 && inCi) fail(`set-up: with CI=true nothing may be skipped; missing: ${missing.join(", ")}`);

const node = process.execPath;
// In two lanes: some of them use one processor, some all.
const check = (title: string, command: string, ...args: string[]): Promise<boolean> => step(title, command, args, { beside: true });
await Promise.all([
  check("lint", node, "node_modules/.bin/oxlint", "--type-aware", "--deny-warnings").then(() =>
    check("types", node, "node_modules/typescript/bin/tsc", "-p", "tsconfig.test.json"),
  ),
  check("packages (publint, attw)", node, "scripts/check-packages.ts")
    .then(() => check("layers", node, "scripts/check-layers.ts"))
    .then(() => check("format", node, "node_modules/.bin/oxfmt", "--check"))
    .then(() => check("lines of documents", node, "scripts/wrap-markdown.ts", "--check"))
    .then(() => check("Python 3.6 syntax and standard library", "python3", "scripts/check-python36.py")),
]);
const [withoutSsh, environment] = withoutServers();
await suite("all suites", node, [...withoutSsh, ...(await withoutDocker())], { env: environment, live: true });
const others = ["22.23.3", "26.10.0"].filter((version) => !missing.some((each) => each.startsWith(`Node ${version}`)));
const onOthers = others.map(async (version) => {
  // What a version of Node could change: numbers and text, streams, files, processes. What is made of names, times and output of hosts is language alone.
  const local = ["packages/protocol", "packages/transfer", "packages/connectors/src/local", "test/calls/python", "test/calls/node"];
  const env = { SREMOTE_TEST_HOSTS: "local" };
  await suite(`unit and local suites on Node ${version}`, nodeProgram(version), [...local, "--maxWorkers=2"], { env, beside: true });
});
await Promise.all(onOthers);

// Once more at the end: who reads only the last lines of a long output finds them here.
const beginning = (text: string): string => text.split("\n").slice(0, 12).join("\n");
for (const each of unsteadyTests) console.log(`\n~ passed only when run alone, which is a defect too: ${beginning(each)}`);
for (const each of failedTests) console.log(`\n✗ ${beginning(each)}`);
console.log(`\nseconds of the suites, which ran beside each other\n${suiteTimes(fileTimes)}`);
console.log(
  `\n${failures.length === 0 ? "all green" : `FAILED: ${failures.join("; ")}`} in ${((Date.now() - started) / 60_000).toFixed(1)} minutes`,
);
console.log(`${passed} passed, ${failed + failedChecks} failed`);
process.exit(failures.length === 0 ? 0 : 1);
