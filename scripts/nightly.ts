/*
 * `npm run nightly`: suites that take too long for `npm test`, one after the other. Add yours to the list.
 *
 *   npm run nightly              all
 *   npm run nightly -- shells    those of that name
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { nodeProgram } from "./setup-nodes.ts";
import { ensureSystemPackages } from "./setup-system.ts";

interface LongSuite {
  readonly name: string;
  /** What it does that the short run does not. */
  readonly purpose: string;
  /** Arguments of Node: a program of ours, or vitest with the suite's files. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The version of Node that runs it, of .cache. Default: this one. */
  readonly node?: string;
}

const vitest = (...files: string[]): string[] => ["node_modules/vitest/vitest.mjs", "run", ...files];

const suites: readonly LongSuite[] = [
  {
    name: "shells",
    purpose: "every login shell after every start-up file, every operation, both ssh connectors",
    command: vitest("test/shells"),
    env: { SREMOTE_ALL_SHELLS: "1" },
  },
  {
    name: "users",
    purpose: "hundreds of random users of clients and fleets",
    command: vitest("test/random-users"),
    env: { SREMOTE_RUNS: "400" },
  },
  {
    name: "simulation",
    purpose: "10,000 seeds of sessions and calls over files on a virtual clock, other ones each day",
    command: vitest("test/simulation"),
    env: { SREMOTE_RUNS: "10000", SREMOTE_SEED: String(Math.floor(Date.now() / 86_400_000) * 10_000) },
  },
  {
    name: "all",
    purpose: "what `npm test` tries of one connector, engine, size or Python alone, of all; and ten thousand calls",
    command: vitest(
      ...["rest", "connectors", "guarantees", "calls", "sessions", "transfers", "fleets", "packages", "bench", "types"].map(
        (name) => `test/${name}`,
      ),
      "packages/endpoint/src/python.test.ts",
      "packages/endpoint/node",
      ...["custom", "memory", "process", "ssh", "testing"].map((name) => `packages/connectors/src/${name}`),
      "packages/fleet/src/fleet",
      "scripts/labs",
    ),
    env: { SREMOTE_ALL: "1" },
  },
  ...["22.23.3", "26.10.0"].map((version) => ({
    name: `node-${version.split(".", 1)[0]}`,
    purpose: `suites without servers on Node ${version}`,
    command: vitest(
      "packages/protocol",
      "packages/transfer",
      "packages/connectors/src/local",
      "packages/connectors/src/custom",
      ...["state", "output", "host", "compact-output"].map((name) => `packages/process/src/${name}`),
      // Of fleets what needs no SSH server, and no program of the tests that is run as it is written, which Node 22 cannot read.
      ...["node-set", "host", "time", "gather", "report", "configuration", "log", "substitute", "fleet/host-destinations"].map(
        (name) => `packages/fleet/src/${name}`,
      ),
      "test/calls/python",
      "test/calls/node",
    ),
    env: { SREMOTE_ALL: "1", SREMOTE_TEST_HOSTS: "local,three functions" },
    node: version,
  })),
  {
    name: "damage",
    purpose: "hosts whose bytes are damaged at random, thousands of times",
    command: vitest("test/fuzz/damaged-host.test.ts"),
    env: { SREMOTE_RUNS: "60" },
  },
  {
    name: "release",
    purpose: "the packed packages by npm, pnpm and yarn, and what they cost beside others",
    command: ["scripts/release.ts", "--dry-run"],
  },
  { name: "mutants", purpose: "every small breaking change is noticed", command: ["scripts/mutants.ts"] },
];

const root = fileURLToPath(new URL("..", import.meta.url));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`nightly: no suite ${unknown.join(", ")}; there are ${suites.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const { missing } = ensureSystemPackages();
for (const { name, purpose } of missing) console.error(`missing: ${name} (${purpose})`);

const failed: string[] = [];
for (const { name, purpose, command, env, node } of suites) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`» ${name}: ${purpose}`);
  const began = performance.now();
  const options = ["--disable-warning=ExperimentalWarning", "--conditions=@sremote/source"];
  const { status } = spawnSync(node === undefined ? process.execPath : nodeProgram(node), [...options, ...command], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (status !== 0) failed.push(name);
  console.log(`${status === 0 ? "ok" : "FAILED"}: ${name}, ${((performance.now() - began) / 60_000).toFixed(1)} min`);
}
// A suite that lacks its programs proves less than it says.
if (missing.length > 0) failed.push(`system packages (${missing.map(({ name }) => name).join(", ")})`);
console.log(failed.length === 0 ? "nightly: all passed" : `nightly: FAILED: ${failed.join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);
