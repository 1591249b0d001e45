/* Sandboxes and conditions for the tests of the spool. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { until } from "../../../../scripts/labs/wait.ts";
import { makeRequest, makeSandbox, run, send, type Reply, type Sandbox } from "./harness.ts";

const effects = `
import { appendFileSync, writeFileSync } from "node:fs";
export const effect = (file) => { appendFileSync(file, "x"); return "done"; };
export const linger = async (file, ms) => { appendFileSync(file, "x"); writeFileSync(file + ".pid", String(process.pid)); await new Promise((r) => setTimeout(r, ms)); return "late"; };
export const speak = (name) => { process[name].write("words"); return "spoken"; };
export const large = (size) => "v".repeat(size);
`;

if (process.geteuid?.() !== 0) process.stdout.write("left out, since they need root: directories of others, full disks\n");

export let sandbox: Sandbox;
export let steps: Sandbox;
/** Registers what makes and removes the sandboxes of a test file. */
export function useSandboxes(): void {
  beforeAll(async () => {
    sandbox = await makeSandbox();
    steps = await makeSandbox(new URL("steps.ts", import.meta.url).pathname);
    for (const each of [sandbox, steps]) writeFileSync(join(each.work, "effects.mjs"), effects);
  });
  afterAll(() => {
    sandbox[Symbol.dispose]();
    steps[Symbol.dispose]();
  });
}

export const newId = (): string => Array.from({ length: 32 }, () => Math.floor(Math.random() * 16).toString(16)).join("");
export const callFiles = (at: Sandbox, id: string): string[] => readdirSync(join(at.base, "calls", id));
export const count = (file: string): number => (existsSync(file) ? readFileSync(file, "utf8").length : 0);

/** Field 22 of /proc/PID/stat of this process. */
export const start = (): string =>
  readFileSync(`/proc/${process.pid}/stat`, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ")[19]!;

export const age = (path: string, hours: number): void =>
  utimesSync(path, Date.now() / 1000 - hours * 3600, Date.now() / 1000 - hours * 3600);

/** A tiny file system with the given number of free bytes, filled up but for them. */
export async function withTinyDisk<T>(free: number, use: (base: string) => Promise<T>): Promise<T> {
  const at = join(sandbox.root, `disk-${newId()}`);
  mkdirSync(at, { mode: 0o700 });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", at]);
  mkdirSync(join(at, "base"), { mode: 0o700 });
  writeFileSync(join(at, "filler"), Buffer.alloc(1_048_576 - free));
  try {
    return await use(join(at, "base"));
  } finally {
    // An endpoint that ended in the middle leaves processes, which need a moment to notice.
    await until("nobody to use the disk", () => spawnSync("umount", [at]).status === 0);
    rmSync(at, { recursive: true });
  }
}

/** A call whose endpoint died after it took the claim, which is changed then; the reply to a second try. */
export async function abandoned(claim: (own: string) => string): Promise<Reply> {
  const id = newId();
  const request = makeRequest(steps, "./effects.mjs", "large", [1], { id });
  await run(steps.program, ["call", "--base", steps.base, "-", "-"], request, { env: { ...process.env, SREMOTE_KILL_AT: "claim" } });
  const path = join(steps.base, "calls", id, "claim");
  writeFileSync(path, claim(readFileSync(path, "utf8")));
  return send(steps, request);
}
