import { expect, test } from "vitest";
import { measureFleet } from "../../bench/fleet.ts";
import { ratio } from "../../bench/figure.ts";
import { quick } from "../../bench/fleet/sizes.ts";

// It proves nothing of the product, and runs at night only: vitest.config.ts.
test("the benchmark of fleets runs, with very little of everything and those peers that are there, and gives every figure a form", async () => {
  const figures = await measureFleet(undefined, quick);
  for (const figure of figures) {
    expect(figure.value, figure.name).toBeGreaterThan(0);
    for (const comparison of figure.compared ?? [])
      expect(ratio(figure, comparison), `${figure.name} × ${comparison.with}`).toBeGreaterThan(0);
  }
  expect(new Set(figures.map(({ name }) => name)).size).toBe(figures.length);
  const aims = figures.flatMap(({ name, compared = [] }) =>
    compared
      .flatMap(({ with: other, atMost, atLeast }) =>
        // Which of them is the fastest is not known before, nor which peers are there.
        other === "floor" || /^(tar|rsync)/.test(other) ? [`${name} × ${other.replace(/ \(.*/, "")}: ${String(atMost ?? atLeast)}`] : [],
      )
      .filter((aim) => !aim.endsWith("undefined")),
  );
  expect(aims).toEqual(
    expect.arrayContaining([
      "`hostname` on 3 hosts: wall × floor: 1.1",
      "30 small files, first copy × tar over ssh: 1.1",
      "30 small files, unchanged × rsync -a: 1",
      "30 small files, 3 changed × rsync -a: 1",
    ]),
  );
  const headlines = figures.filter(({ role }) => role === "headline").map(({ name, unit }) => `${name}, ${unit}`);
  expect(headlines).toEqual([
    "`hostname` on 3 hosts: wall, ms",
    "`hostname` on 3 hosts: client CPU, ms",
    "`hostname` on 3 hosts: client memory, MiB",
    "1 MiB file to one host, MiB/s",
    "1 MiB file from one host, MiB/s",
    "30 small files, first copy, ms",
    "30 small files, unchanged, ms",
    "30 small files, 3 changed, ms",
    "256 KiB file to 3 hosts, in all, MiB/s",
    "976.6 KiB of output of 10 hosts, 10 different ones, gathered line by line: memory, MiB",
    "976.6 KiB of output of 10 hosts, 10 different ones, gathered at the end: memory, MiB",
    "976.6 KiB of output of 10 hosts, all different, gathered at the end, up to the limit of 256 MiB: memory, MiB",
  ]);
});
