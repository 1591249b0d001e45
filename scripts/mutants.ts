/*
 * `npm run mutants [-- --only TEXT] [-- --trust] [-- --list]`: makes one small breaking change after the other in a copy of the tree, and runs the suites that
 * should notice. A change that no suite notices is a promise that no test holds; suites that fail without the change notice nothing, so each selection
 * of tests runs once before, unless it is trusted to pass. The changes are data: test/mutants/*.json.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildPrograms, isInPrograms, makeCopy, needsPrograms } from "./mutants/copy.ts";
import { apply, type Mutant, readMutants } from "./mutants/mutant.ts";
import { runSuites, stopSuites } from "./mutants/suites.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const copy = join(root, ".cache/mutants");
/** A suite that needs longer to notice is not where one would look, in ms. Without the time that set-up and building take. */
const longest = 60_000;

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, trust: { type: "boolean" }, list: { type: "boolean" } },
});

type Verdict = "killed" | "survived" | "too late" | "does not build" | "fails without the change";

/** What the programs in the copy were built with: "" is the tree as it is. */
let built: string | undefined;

/** Packs the programs with this change, where the suites run them. */
function build(change: string, { suites }: Mutant): boolean {
  if (built === change || !suites.some(needsPrograms)) return true;
  built = undefined;
  if (!buildPrograms(copy)) return false;
  built = change;
  return true;
}

const soundSelections = new Map<string, boolean>();

/** Whether the tests pass as long as nothing is broken. */
async function passesUnchanged(mutant: Mutant): Promise<boolean> {
  const key = JSON.stringify([mutant.suites, mutant.test]);
  let sound = values.trust === true ? true : soundSelections.get(key);
  if (sound === undefined) {
    if (!build("", mutant)) throw new Error("the programs cannot be built without any change");
    sound = (await runSuites(copy, mutant, 3 * longest)) === "passed";
    soundSelections.set(key, sound);
  }
  return sound;
}

async function notice(mutant: Mutant): Promise<{ verdict: Verdict; seconds: number }> {
  if (!(await passesUnchanged(mutant))) return { verdict: "fails without the change", seconds: 0 };
  const path = join(copy, mutant.file);
  const original = readFileSync(path, "utf8");
  write(path, apply(original, mutant));
  try {
    if (!build(isInPrograms(mutant.file) ? `${mutant.file}: ${mutant.name}` : "", mutant)) return { verdict: "does not build", seconds: 0 };
    const started = Date.now();
    const outcome = await runSuites(copy, mutant, longest);
    const verdict = ({ passed: "survived", failed: "killed", "too late": "too late", "no test ran": "fails without the change" } as const)[
      outcome
    ];
    return { verdict, seconds: Math.round((Date.now() - started) / 1000) };
  } finally {
    write(path, original);
  }
}

function write(path: string, text: string): void {
  const beside = `${path}.new`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

const wanted = values.only ?? [""];
const mutants = readMutants().filter(({ name, file, suites }) =>
  wanted.some((text) => `${file}: ${name} ${suites.join(" ")}`.includes(text)),
);
if (mutants.length === 0) {
  // Nothing that was tried has passed.
  console.error(`mutants: no change of this name: ${wanted.join(", ")}`);
  process.exit(2);
}
if (values.list === true) {
  for (const { name, file } of mutants) console.log(`${file}: ${name}`);
  process.exit(0);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    stopSuites();
    process.exit(1);
  });
}
makeCopy(root, copy);
const bad: string[] = [];
for (const [index, mutant] of mutants.entries()) {
  const { verdict, seconds } = await notice(mutant);
  console.log(`${index + 1}/${mutants.length} ${verdict} in ${seconds} s: ${mutant.file}: ${mutant.name}`);
  if (verdict !== "killed") bad.push(`${verdict}: ${mutant.file}: ${mutant.name}`);
}
for (const each of bad) console.log(`✗ ${each}`);
console.log(`${mutants.length - bad.length} passed, ${bad.length} failed`);
process.exit(bad.length === 0 ? 0 : 1);
