/* G35: a gigabyte of output of a thousand hosts, gathered, and what it takes of memory. The hosts are simulated, so that nothing else does. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { local } from "@sremote/connectors";
import { fleet, formatGathered, type RunOptions } from "@sremote/fleet";
import { expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import { isNightly } from "../support/nightly.ts";

const program = fileURLToPath(new URL("gathered-program.ts", import.meta.url));

interface Measured {
  /** MiB beyond what the program had before, at the end of the run and when its output was gathered. */
  run: number;
  gathered: number;
  ok: boolean;
  total: number;
  truncated: number;
  kept: number;
  least: number;
  groups: number;
  /** Of all groups, each group's in its turn. */
  lines: number;
  most: number;
}

async function measure(content: "same" | "alike" | "different", how: "spawn" | "exec"): Promise<Measured> {
  return JSON.parse(await run(process.execPath, ["--conditions=@sremote/source", program, content, how])) as Measured;
}

const limit = 256 * 2 ** 20;
const lines = 4000;

const alike = ["the same but for a line", "alike", "spawn", 1000] as const;
test.each([["the same", "same", "exec", 1] as const, ...(isNightly ? [alike] : [])])(
  "G35 1 MB of each of 1,000 hosts that all print %s is kept whole, in less than a quarter of what they print, and gathered in less than half",
  async (_, content, how, groups) => {
    const { run: held, gathered, ...what } = await measure(content, how);
    expect(what).toMatchObject({ ok: true, total: 1e9, truncated: 0, kept: 1e9, groups, most: 1000 / groups, lines: groups * 10_000 });
    expect(held).toBeLessThan(240);
    expect(gathered).toBeLessThan(470);
  },
);

test("G35 1 MB of each of 1,000 hosts, all different, is kept up to 256 MiB, some of each, and what is cut is told", async () => {
  const { run: held, gathered, truncated, kept, least, lines: shown, ...what } = await measure("different", "spawn");
  expect(what).toMatchObject({ ok: true, total: 1e9, groups: 1000, most: 1 });
  // Something is lost of hosts, not hosts: what each keeps at least is its share.
  expect(least).toBeGreaterThanOrEqual(Math.floor(limit / 4 / 1000));
  expect(truncated).toBeGreaterThan(0);
  expect(kept).toBeGreaterThan(limit * 0.99);
  expect(kept).toBeLessThanOrEqual(limit);
  expect(shown).toBeGreaterThan(limit / 100);
  // The output itself, 64 hosts at work, and what is not collected yet; gathered, the lines of some groups, which nobody holds.
  expect(held).toBeLessThan(256 + 192);
  expect(gathered).toBeLessThan(256 + 320);
});

test("G35 what is not kept goes on to those who read and to files, is counted, and is told wherever output is shown", async () => {
  const logDir = await mkdtemp(join(tmpdir(), "sremote-gathered-"));
  try {
    await using hosts = fleet("a[1-3]", { connect: () => local(), logLevel: "silent" });
    const seen = { handler: 0, iterated: 0 };
    const options: RunOptions = { totalOutputLimit: 3000, logDir };
    const hostRun = hosts.run(`[ {{{index}}} = 2 ] && echo short || seq ${lines}`, options);
    hostRun.on("line", () => void (seen.handler += 1));
    for await (const line of hostRun) seen.iterated += line.text === "" ? 0 : 1;
    const done = await hostRun;
    expect(seen).toEqual({ handler: 2 * lines + 1, iterated: 2 * lines + 1 });
    const [first, second, short] = done.jobs;
    expect([first!.truncated, second!.truncated, short!.truncated, short!.stdout]).toEqual([true, true, false, "short\n"]);
    const whole = Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join("");
    for (const job of [first!, second!]) {
      expect(job.output.total("stdout")).toBe(whole.length);
      expect(whole.startsWith(job.stdout)).toBe(true);
      expect((await stat(join(logDir, `${job.host!.name}.log`))).size).toBe(whole.length);
    }
    expect(
      done
        .gather()
        .filter(({ truncated }) => truncated)
        .flatMap(({ names }) => names)
        .toSorted(),
    ).toEqual(["a1", "a2"]);
    expect(
      done
        .format()
        .match(/^a.*: \[\.\.\. more output was not kept\]$/gm)
        ?.join(),
    ).toMatch(/^a\[1-2\]|a[12].*,a[12]/);
    expect(done.format({ style: "blocks" })).toContain("\n[... more output was not kept]\n");
    expect(done.format()).toMatch(/^a3: short$/m);
    expect(() => hosts.run("true", { totalOutputLimit: 0 })).toThrow(/^options\.totalOutputLimit must be a number of bytes/);
  } finally {
    await rm(logDir, { recursive: true });
  }
});

test("G35 what begins alike and was cut is not taken for the same as what ends there", async () => {
  await using hosts = fleet("a[1-4]", { connect: () => local(), logLevel: "silent" });
  const done = await hosts.run("printf 12345; [ $(( {{{index}}} % 2 )) = 0 ] || printf 6", { outputLimit: 5 });
  const groups = done.gather();
  expect(groups).toEqual([
    { names: ["a1", "a3"], lines: ["12345"] },
    { names: ["a2", "a4"], lines: ["12345"], truncated: true },
  ]);
  expect(formatGathered(groups)).toBe("a[1,3]: 12345\na[2,4]: 12345\na[2,4]: [... more output was not kept]\n");
  expect(done.differences()).toContain("+[... more output was not kept]");
  expect(done.gather({ stream: "stderr" })).toEqual([{ names: hosts.hosts.names, lines: [] }]);
  // More than the usual for all is kept where more of each is asked for.
  const wide = await hosts.at(0).run("head -c 1000 /dev/zero", { outputLimit: 1000, totalOutputLimit: 4000 });
  expect(wide.jobs[0]!.truncated).toBe(false);
});
