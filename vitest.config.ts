import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { configDefaults, defineConfig } from "vitest/config";
import { quickSuites } from "./scripts/quick-suites.ts";
import { isNightly } from "./test/support/nightly.ts";

const root = fileURLToPath(new URL(".", import.meta.url));
/** Suites that can share a worker. What one puts in the place of a module, as those of test/simulation do, the next one would be given too. */
const units = quickSuites(root).filter(
  (file) => !file.startsWith("test/simulation/") && !/\bvi\.(?:do)?mock\(/i.test(readFileSync(root + file, "utf8")),
);

/** Files of which all is left to the night (docs/decisions/066). */
const onlyAtNight = ["test/bench/fleet.test.ts"];

/** Files that take a minute or more, mostly waiting: begun last, one of them would run on alone. */
const longest = [
  "test/rest/polled.conformance.test.ts",
  "packages/endpoint/src/python.test.ts",
  "test/rest/jupyter.conformance.test.ts",
  "test/transfers/bare.test.ts",
  "test/guarantees/at-most-once.test.ts",
  "test/sessions/faults.test.ts",
  "test/connectors/writing-a-connector.test.ts",
  "test/guarantees/soak.test.ts",
  "packages/connectors/src/ssh/ssh.conformance.test.ts",
  "test/rest/guarantees.test.ts",
  "test/rest/calls.test.ts",
  "packages/connectors/src/openssh/openssh.conformance.test.ts",
  "test/transfers/large.test.ts",
  "test/packages/builds.test.ts",
  "test/readme/docs.test.ts",
];

/**
 * What a machine or a user set for programs of their own acts on no test, and on nothing that one starts: PYTHONUNBUFFERED hides output that is
 * lost in a buffer, an agent has keys that no test knows of.
 */
const foreign =
  /^(?:PYTHON|SSH_|GIT_|SLURM_|SBATCH_|RSYNC_)|^(?:NODE_OPTIONS|NODE_PATH|ENV|BASH_ENV|CDPATH|POSIXLY_CORRECT|GREP_OPTIONS|VIRTUAL_ENV)$/;
for (const name of Object.keys(process.env)) if (foreign.test(name)) delete process.env[name];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = longest.findIndex((name) => moduleId.endsWith(name));
      return found < 0 ? longest.length : found;
    };
    const sorted = await super.sort(files); // oxlint-disable-line unicorn/no-array-sort -- the sequencer's own
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

// Workers, and programs that tests start from source, are compiled once, not each time.
process.env["NODE_COMPILE_CACHE"] ??= `${root}.cache/compiled`;

export default defineConfig({
  ssr: { resolve: { conditions: ["@sremote/source", "node", "import", "module", "default"] } },
  test: {
    projects: [
      {
        extends: true,
        // To load the sources once for each worker and not for each file saves two fifths of what these suites take.
        test: { name: "units", include: units, isolate: false },
      },
      {
        extends: true,
        test: {
          name: "hosts",
          include: ["packages/*/src/**/*.test.ts", "packages/endpoint/node/**/*.test.ts", "scripts/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...units, ...(isNightly ? [] : onlyAtNight)],
        },
      },
    ],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // For two cores: two thirds of what tests do is waiting. With more workers those that start processes only make each other late.
    maxWorkers: 4,
    maxConcurrency: 3,
    sequence: { sequencer: LongestFirst },
  },
});
