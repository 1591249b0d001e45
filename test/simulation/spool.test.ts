/*
 * Calls over files on a virtual clock: the whole client and the Node endpoint's way from request to reply are the product's own, in this process; simulated
 * are the network, the host's files and processes, and the functions.
 */
import "./spool-surroundings.ts"; // oxlint-disable-line import/no-unassigned-import -- puts itself in the place of modules that come after it
import { expect, test } from "vitest";
import { explore, seedsOf } from "./explore.ts";
import { runSpool } from "./spool-run.ts";

const seeds = seedsOf(1 / 3);

test(
  "G01 G03 a call over files has one effect at most and a true end in time, whatever happens to network, endpoints and disk",
  () => explore("test/simulation/spool", seeds, runSpool),
  60_000 + 1000 * seeds.length,
);

test("a seed gives the same steps again", async () => {
  const { trace } = await runSpool(seeds[0]!);
  expect(trace.length).toBeGreaterThan(3);
  expect((await runSpool(seeds[0]!)).trace).toEqual(trace);
});
