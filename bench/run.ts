// `npm run bench [-- NAME…] [--readme | --docs]`: one table per benchmark, ratios measured side by side in one run, and bench/results.json.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { measureBulk } from "./bulk.ts";
import { measureBytesSent } from "./bytes-sent.ts";
import { measureColdCalls } from "./cold-call.ts";
import { measureCommand } from "./command.ts";
import { measureConcurrency } from "./concurrency.ts";
import { measureFleet } from "./fleet.ts";
import { type Figure, isMet, ratio, table } from "./figure.ts";
import { measureInterpreter } from "./interpreter.ts";
import { measureMap } from "./map.ts";
import { measureMemory } from "./memory.ts";
import { replaceSection } from "./readme.ts";
import { measureRest } from "./rest.ts";
import { hostPython, Setting } from "./setting.ts";
import { measureShip } from "./ship.ts";
import { measureSmallObjects } from "./small-objects.ts";
import { measureTables } from "./table.ts";
import { measureThroughput } from "./throughput.ts";
import { measureWarmCalls } from "./warm-call.ts";

const benchmarks: Readonly<Record<string, (setting: Setting) => Promise<Figure[]>>> = {
  // First, as in a program that has just begun: behind the others its code is compiled for what they do, and its heap is theirs.
  "cold-call": measureColdCalls,
  "warm-call": measureWarmCalls,
  interpreter: measureInterpreter,
  ship: measureShip,
  throughput: measureThroughput,
  map: measureMap,
  bulk: measureBulk,
  table: measureTables,
  "small-objects": measureSmallObjects,
  memory: measureMemory,
  "bytes-sent": measureBytesSent,
  concurrency: measureConcurrency,
  command: measureCommand,
  rest: measureRest,
  fleet: measureFleet,
};

/** Guides that quote a benchmark: all of it, or what its headlines are. */
const guides: Readonly<Record<string, { file: string; all: boolean }>> = {
  rest: { file: "docs/connectors-rest.md", all: true },
  fleet: { file: "docs/fleet.md", all: false },
  table: { file: "docs/tables.md", all: true },
  map: { file: "docs/many-items.md", all: true },
};
/** All headlines of one run are quoted here, and these five in the README. */
const page = "docs/benchmarks.md";
const brief: readonly string[] = [
  "connect and first call on a bare host",
  "call of os.getpid, p50",
  "2000 calls of os.getpid at once, 4 workers",
  "64 MiB of bytes echoed by a call",
  "idle session, 4 workers: resident, shared pages counted once",
];
/** Runs only when it is named: it moves tens of gigabytes, and is about other programs than the rest. */
const byName = new Set(["fleet"]);
const wanted = process.argv.slice(2).filter((argument) => argument !== "--readme" && argument !== "--docs");
const intoReadme = process.argv.includes("--readme");
const intoDocs = intoReadme || process.argv.includes("--docs");
for (const name of wanted) {
  if (!Object.hasOwn(benchmarks, name)) {
    console.error(`bench: no benchmark ${name}; there are ${Object.keys(benchmarks).join(", ")}`);
    process.exit(2);
  }
}
if (intoReadme && wanted.length > 0) {
  console.error("bench: --readme quotes all benchmarks of one run but that of fleets, in docs/benchmarks.md and the README");
  process.exit(2);
}
if (intoDocs && wanted.length > 0 && !wanted.some((name) => Object.hasOwn(guides, name))) {
  console.error(`bench: --docs quotes the benchmarks ${Object.keys(guides).join(" and ")}`);
  process.exit(2);
}

const figures: Figure[] = [];
const failures: string[] = [];
const setting = await Setting.open();
const caption = describeRun(setting);
try {
  console.log(`${caption}\n`);
  for (const [name, measure] of Object.entries(benchmarks)) {
    if (wanted.length > 0 ? !wanted.includes(name) : byName.has(name)) continue;
    try {
      const found = await measure(setting);
      figures.push(...found);
      console.log(`${name}\n\n${table(found)}\n`);
      const guide = guides[name];
      if (guide !== undefined && intoDocs) {
        const rows = guide.all ? found : found.filter(({ role }) => role !== undefined);
        quote(guide.file, `${describeMachine()}, medians.\n\n${table(rows)}`);
      }
    } catch (error) {
      failures.push(name);
      console.error(`bench: ${name} failed:`, error);
    }
  }
} finally {
  await setting[Symbol.asyncDispose]();
}

const compared = figures.map((figure) => ({
  ...figure,
  compared: figure.compared?.map((comparison) => ({ ...comparison, ratio: ratio(figure, comparison), met: isMet(figure, comparison) })),
}));
writeFileSync(fileURLToPath(new URL("results.json", import.meta.url)), `${JSON.stringify({ caption, figures: compared }, undefined, 2)}\n`);
const missed = compared.flatMap(({ name, compared: all }) =>
  (all ?? []).filter(({ met }) => met === false).map((each) => `${name}: ${each.ratio.toFixed(2)} × ${each.with}`),
);
if (missed.length > 0) console.log(`aims missed:\n${missed.map((line) => `- ${line}`).join("\n")}`);
// A table with holes is no measurement of the whole.
if (intoReadme && failures.length === 0) {
  const headlines = figures.filter(({ role }) => role !== undefined);
  const few = headlines.filter(({ name }) => brief.includes(name));
  if (few.length !== brief.length)
    throw new Error(
      `figures that the README quotes are missing: ${brief.filter((name) => !few.some((one) => one.name === name)).join(", ")}`,
    );
  quote(page, `${caption}\n\n${table(headlines)}`);
  quote("README.md", `${describeMachine()}, medians.\n\n${table(few)}`);
}
process.exitCode = failures.length > 0 ? 1 : 0;

/** Writes what was measured into a file of the repository. */
function quote(name: string, content: string): void {
  const file = fileURLToPath(new URL(`../${name}`, import.meta.url));
  writeFileSync(file, replaceSection(readFileSync(file, "utf8"), "bench", content));
}

/** When and where. */
function describeMachine(): string {
  const model = /model name\s*:\s*(.*)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? process.arch;
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${model.trim()}`;
}

/** When, where and with what. */
function describeRun({ setup }: Setting): string {
  const said = (command: string, args: readonly string[]): string => {
    const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    return `${stdout}${stderr}`.trim().split(",")[0] ?? "";
  };
  const peers = Object.entries(setup.versions).map(([name, version]) => `${name} ${version}`);
  const programs = [`Node ${process.versions.node}`, said(hostPython, ["--version"]), said("ssh", ["-V"]), ...peers];
  const missing = setup.missing.length === 0 ? "" : ` Missing: ${setup.missing.join("; ")}.`;
  return `${describeMachine()}, one sshd on loopback, medians; the peers over ssh without compression, which is faster here; ${programs.join(", ")}.${missing}`;
}
