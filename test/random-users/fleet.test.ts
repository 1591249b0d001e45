/* A user of a fleet who does legal things in any order, against a simple model of what each host must have and say. See client.test.ts. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { memory, type MemoryConnector } from "@sremote/connectors/testing";
import { type Fleet, fleet } from "@sremote/fleet";
import { expect, test } from "vitest";
import { until } from "../../scripts/labs/wait.ts";
import { hostProcesses } from "../support/leftovers.ts";

const runs = Number(process.env["SREMOTE_RUNS"] ?? 4);
const seed = Number(process.env["SREMOTE_SEED"] ?? 20_261_129);
const names = ["one", "two", "three"];

/** What each file of each host holds. */
type Model = Map<string, string>[];

interface Real {
  nodes: Fleet;
  /** A directory of this machine. */
  here: string;
}

type Step = fc.AsyncCommand<Model, Real>;

function step(name: string, work: (real: Real, model: Model) => Promise<void>): Step {
  return { check: () => true, run: (model, real) => work(real, model), toString: () => name };
}

/** Positions of hosts, each once, in their order. */
const some = fc.subarray([0, 1, 2], { minLength: 1 });
const file = fc.constantFrom("a", "b b", "c'c");
const only = (nodes: Fleet, chosen: readonly number[]): Fleet => nodes.intersect(chosen.map((index) => names[index]).join(","));

const steps: fc.Arbitrary<Step>[] = [
  fc.tuple(some, fc.integer({ min: 0, max: 255 })).map(([chosen, status]) =>
    step(`exit ${status} on ${chosen.join()}`, async ({ nodes }) => {
      const done = await only(nodes, chosen).run(`echo {{{name}}}; exit ${status}`);
      expect(done.exitCodes).toEqual(chosen.map(() => status));
      expect(done.jobs.map(({ stdout }) => stdout.trim())).toEqual(chosen.map((index) => names[index]));
      expect(done.ok).toBe(status === 0);
    }),
  ),
  fc.tuple(some, file, fc.string({ maxLength: 30 })).map(([chosen, name, content]) =>
    step(`push ${name} to ${chosen.join()}`, async ({ nodes, here }, model) => {
      await writeFile(join(here, "source"), content.toWellFormed());
      await only(nodes, chosen).push(join(here, "source"), `files/${name}`).orThrow();
      for (const index of chosen) model[index]!.set(name, content.toWellFormed());
    }),
  ),
  fc.tuple(some, file).map(([chosen, name]) =>
    step(`pull ${name} from ${chosen.join()}`, async ({ nodes, here }, model) => {
      const to = await mkdtemp(join(here, "pulled-"));
      const done = await only(nodes, chosen).pull(`files/${name}`, `${to}/`);
      for (const [at, index] of chosen.entries()) {
        const wanted = model[index]!.get(name);
        expect(done.jobs[at]!.ok, `${names[index]} has ${name}`).toBe(wanted !== undefined);
        if (wanted !== undefined) expect(await readFile(join(to, names[index]!, name), "utf8")).toBe(wanted);
      }
    }),
  ),
  fc.tuple(some, file).map(([chosen, name]) =>
    step(`remove ${name} on ${chosen.join()}`, async ({ nodes }, model) => {
      await only(nodes, chosen).run(`rm -f "files/$name"`, { env: { name } }).orThrow();
      for (const index of chosen) model[index]!.delete(name);
    }),
  ),
  some.map((chosen) =>
    step(`list on ${chosen.join()}`, async ({ nodes }, model) => {
      const done = await only(nodes, chosen).call<string[]>("os", "listdir", ["files"]);
      expect(done.jobs.map(({ value }) => value?.toSorted())).toEqual(chosen.map((index) => [...model[index]!.keys()].toSorted()));
    }),
  ),
  fc.tuple(some, fc.integer({ min: 10, max: 80 })).map(([chosen, after]) =>
    step(`kill after ${after} ms on ${chosen.join()}`, async ({ nodes }) => {
      const run = only(nodes, chosen).run("exec sleep 1000");
      await run.wait({ timeout: after });
      await run.kill();
      expect((await run).jobs.map(({ reason }) => reason)).toEqual(chosen.map(() => "killed"));
    }),
  ),
  some.map((chosen) =>
    step(`too late on ${chosen.join()}`, async ({ nodes }) => {
      const done = await only(nodes, chosen).run("exec sleep 1000", { timeout: 50 });
      expect(done.jobs.map(({ reason }) => reason)).toEqual(chosen.map(() => "timeout"));
    }),
  ),
  some.map((chosen) =>
    step(`an error of a call on ${chosen.join()}`, async ({ nodes }) => {
      const done = await only(nodes, chosen).call("json", "loads", ["{"]);
      expect(done.jobs.map(({ error }) => (error as { code?: string } | undefined)?.code)).toEqual(chosen.map(() => "raised"));
    }),
  ),
];

test(
  "whatever a user of a fleet does, in whatever order, each host has and says what it must, and nothing is left",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: 12 }), async (commands) => {
        const hosts: MemoryConnector[] = names.map(() => memory());
        const here = await mkdtemp(join(tmpdir(), "sremote-user-"));
        const nodes = fleet(names, { connect: ({ name }) => hosts[names.indexOf(name)]!, logLevel: "silent" });
        try {
          await nodes.run("mkdir files").orThrow();
          await fc.asyncModelRun(() => ({ model: names.map(() => new Map()), real: { nodes, here } }), commands);
        } finally {
          await nodes.close();
          await rm(here, { recursive: true });
        }
        // A watchdog says how its process ended, and then ends itself.
        for (const { directory } of hosts)
          await until("what ran on the host to end", async () => (await hostProcesses(directory)).length === 0);
      }),
      { numRuns: runs, seed, interruptAfterTimeLimit: runs > 100 ? 1_200_000 : 45_000, markInterruptAsFailure: false },
    );
  },
  runs > 100 ? 1_300_000 : 120_000,
);
