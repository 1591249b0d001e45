/* Runs the suites that are to notice a breaking change. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Mutant } from "./mutant.ts";

export type Outcome = "passed" | "failed" | "too late" | "no test ran";

/** The process group of the suite that runs. */
let running: number | undefined;

/** Ends the suite that runs, if one does. */
export function stopSuites(): void {
  if (running !== undefined) endGroup(running);
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // Nobody of it is left.
  }
}

/** Runs Python's suites, then the others, until one fails or the time in ms is over. Nothing that they started runs afterwards. */
export async function runSuites(copy: string, selection: Pick<Mutant, "suites" | "test">, longest: number): Promise<Outcome> {
  try {
    return await runUntilFailure(copy, selection, longest);
  } finally {
    endStrays(copy);
  }
}

/** What a broken program leaves behind, such as a call that does not end with its client: it is known by the copy's path in its arguments. */
function endStrays(copy: string): void {
  if (process.platform !== "linux") return;
  for (const name of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      if (readFileSync(`/proc/${name}/cmdline`, "utf8").includes(`${copy}/`)) process.kill(Number(name), "SIGKILL");
    } catch {
      // It has ended, or is another user's.
    }
  }
}

async function runUntilFailure(copy: string, { suites, test }: Pick<Mutant, "suites" | "test">, longest: number): Promise<Outcome> {
  const until = Date.now() + longest;
  const python = suites.filter((suite) => suite.endsWith(".py")).map((suite) => `tests.${basename(suite, ".py")}`);
  const others = suites.filter((suite) => !suite.endsWith(".py"));
  if (python.length > 0) {
    const named = test === undefined ? [] : ["-k", test];
    const args = ["-B", "-m", "unittest", "--failfast", ...named, ...python];
    const outcome = await run("python3", args, join(copy, "packages/endpoint/python"), until);
    if (outcome !== "passed" || others.length === 0) return outcome;
  }
  const named = test === undefined ? [] : ["-t", test];
  // A test that hangs has noticed as well, as long as it says so in time.
  const limits = ["--bail=1", "--retry=0", "--testTimeout=30000", "--hookTimeout=40000"];
  const args = ["--conditions=@sremote/source", "node_modules/vitest/vitest.mjs", "run", ...limits, ...others, ...named];
  return await run(process.execPath, args, copy, until);
}

/** A process in a group of its own, so that nothing of a suite that is too late runs on beside the next one. */
async function run(command: string, args: readonly string[], cwd: string, until: number): Promise<Outcome> {
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  running = child.pid;
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4096)));
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      endGroup(child.pid!);
    },
    Math.max(1, until - Date.now()),
  );
  const closed = once(child, "close");
  const [status] = (await once(child, "exit")) as [number | null];
  endGroup(child.pid!); // what it left would hold its output open
  await Promise.race([closed, sleep(5000, undefined, { ref: false })]);
  clearTimeout(timer);
  running = undefined;
  if (late) return "too late";
  if (status !== 0) return "failed";
  // A name that matches no test, or not any more.
  return /^\s*Tests .*[1-9]\d* passed|^Ran [1-9]/m.test(said) ? "passed" : "no test ran";
}
