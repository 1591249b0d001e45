// `npm run bench [-- NAME…]`: one table per benchmark, ratios measured side by side in one run, and bench/results.json.
import { cpus } from "node:os";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Figure, machine, measureColdCalls } from "./cold-call.ts";

const benchmarks: Record<string, () => Promise<Figure[]>> = { "cold-call": measureColdCalls };
const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!Object.hasOwn(benchmarks, name)) {
    console.error(`bench: no benchmark ${name}; there are ${Object.keys(benchmarks).join(", ")}`);
    process.exit(2);
  }
}
const results: Record<string, Figure[]> = {};
for (const [name, measure] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n${name} (${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} × ${machine()})\n`);
  const figures = await measure();
  results[name] = figures;
  console.log("| figure | median | × floor | aim |\n|---|---|---|---|");
  for (const { name: figure, value, floor, aim } of figures) {
    const shown = figure.endsWith("bytes") ? String(value) : `${value.toFixed(1)} ms`;
    console.log(
      `| ${figure} | ${shown} | ${floor === undefined ? "" : (value / floor).toFixed(2)} | ${aim === undefined ? "" : `≤ ${aim}`} |`,
    );
  }
}
writeFileSync(fileURLToPath(new URL("results.json", import.meta.url)), `${JSON.stringify(results, undefined, 2)}\n`);
