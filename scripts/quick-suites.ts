/* The suites of `npm run test:quick`. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Hosts, servers and accounts of the tests: whoever imports one starts it. */
const starts = /["'][^"']*\/(?:labs|stubs|support\/(?:hosts|bare-hosts|hostile-sshd|repositories|taken-pid))(?:\/[^"']*)?["']/;

/** What takes long by itself: whole checks of connectors, programs of a host that are started for each test. */
export const long: readonly string[] = [
  "packages/connectors/src/custom/custom.test.ts",
  "packages/connectors/src/local/local.test.ts",
  "packages/connectors/src/memory/memory.test.ts",
  "packages/connectors/src/process/process.test.ts",
  "packages/connectors/src/process/transfer.test.ts",
  "packages/connectors/src/quote.test.ts",
  "packages/connectors/src/rest/script-runner.test.ts",
  "packages/connectors/src/testing/check-report.test.ts",
  "packages/connectors/src/testing/check.test.ts",
  "packages/connectors/src/testing/cut-link.test.ts",
  "packages/connectors/src/testing/rest-cases.test.ts",
  "packages/endpoint/src/python.test.ts",
  "scripts/demo.test.ts",
];

/** Paths relative to the root, sorted. */
export function quickSuites(root: string): string[] {
  return globSync(
    ["packages/*/src/**/*.test.ts", "scripts/{,errors/,mutants/}*.test.ts", "test/conformance/*.test.ts", "test/simulation/*.test.ts"],
    {
      cwd: root,
    },
  )
    .filter((file) => !long.includes(file) && !starts.test(readFileSync(join(root, file), "utf8")))
    .toSorted();
}
