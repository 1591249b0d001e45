/*
 * Sessions over a network with weather, on a virtual clock: the whole client and the Node supervisor are the product's own, in this process; simulated are
 * the links, the operating system below the supervisor, and the workers. docs/decisions/062 tells why.
 */
import "./surroundings.ts"; // oxlint-disable-line import/no-unassigned-import -- puts itself in the place of modules that come after it
import { expect, test } from "vitest";
import { explore, seedsOf } from "./explore.ts";
import { runSession } from "./session-run.ts";

const seeds = seedsOf(2 / 3);

test(
  "G01 G03 G14 a call has one effect at most and a true end in time, whatever happens to links and processes",
  () => explore("test/simulation/session", seeds, runSession),
  60_000 + 1000 * seeds.length,
);

test("a seed gives the same steps again", async () => {
  const { trace } = await runSession(seeds[0]!);
  expect(trace.length).toBeGreaterThan(3);
  expect((await runSession(seeds[0]!)).trace).toEqual(trace);
});
