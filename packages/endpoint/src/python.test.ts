import { execFile, execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { findInterpreters, type Interpreter } from "../../../test/interpreters.ts";
import { isNightly } from "../../../test/support/nightly.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../..", import.meta.url));
const python = fileURLToPath(new URL("../python", import.meta.url));
/** One of each minor version, the system's before others: patch releases do not change the language. */
const interpreters = [...Map.groupBy(findInterpreters(), ({ version }) => version.split(".", 2).join(".")).values()].map(
  (alike) => alike.find(({ path }) => path.startsWith("/usr/bin/")) ?? alike[0]!,
);
const names = interpreters.map(({ version, path }) => `${version} (${path})`);
process.stdout.write(`Python interpreters: ${names.join(", ")}\n`);
const oldest = interpreters.at(0);
const newest = interpreters.at(-1);
const languageTests = [
  "tests.test_dispatch",
  "tests.test_failure",
  "tests.test_frame",
  "tests.test_values",
  "tests.test_carriage",
  "tests.test_programs",
  "tests.test_ship",
];
/**
 * Everything runs on the oldest, on the newest what depends on the language: what is about processes, signals, sockets and files is the system's, and the
 * system's interpreter serves all other suites. On those between run the vectors. Nightly everything runs on the newest too, and on those between what
 * depends on the language.
 */
function modulesOn(interpreter: Interpreter, all: readonly string[]): readonly string[] {
  if (interpreter === oldest) return all;
  if (interpreter === newest) return isNightly ? all : languageTests;
  return isNightly ? languageTests : [];
}

/** These tests mostly wait for processes to end. */
vi.setConfig({ maxConcurrency: 6 });

/** Runs a program of the tests; what it printed is in the error when it fails. */
async function passes(path: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(path, ["-B", ...args], { cwd: python, maxBuffer: 1 << 26 }).catch((error: unknown) => {
    const { stdout: out, stderr: err } = error as { stdout: string; stderr: string };
    throw new Error(`${path} ${args.join(" ")}\n${out}\n${err}`);
  });
  return stdout + stderr;
}

describe("the Python endpoint", () => {
  it("is tested with at least one interpreter", () => {
    expect(interpreters.length).toBeGreaterThan(0);
  });

  const modules = globSync("tests/test_*.py", { cwd: python }).map((file) => file.slice(0, -".py".length).replace("/", "."));
  const cases = interpreters.flatMap((each, index) =>
    modulesOn(each, modules).map((module) => [module, names[index]!, each.path] as const),
  );

  it.concurrent.each(cases)(
    "passes %s on %s",
    async (module, _name, path) => {
      const printed = await passes(path, "-m", "unittest", module);
      expect(printed).toMatch(/Ran [1-9]\d* tests?/);
      expect(printed).not.toContain("skipped");
      for (const line of new Set(printed.match(/^left out, .*$/gm))) process.stdout.write(`${path}: ${line}\n`);
    },
    300_000,
  );

  it("has all the modules that depend on the language", () => {
    expect(modules).toEqual(expect.arrayContaining(languageTests));
  });

  it("keeps to the syntax and the standard library of Python 3.6", async () => {
    expect(await passes(newest!.path, `${root}scripts/check-python36.py`)).toContain("ok");
  });
});

describe("the Python endpoint with numpy", () => {
  it("passes its tests of arrays", async () => {
    execFileSync("sh", [`${root}scripts/setup-numpy.sh`], { stdio: "inherit" });
    expect(await passes(`${root}.cache/venv-numpy/bin/python`, "-m", "unittest", "tests.numpy_values")).toMatch(/Ran \d+ tests/);
  }, 300_000);
});

describe("the Python endpoint with pandas, polars and pyarrow", () => {
  it("passes its tests of tables", async () => {
    execFileSync("sh", [`${root}scripts/setup-tables.sh`], { stdio: "inherit" });
    expect(await passes(`${root}.cache/venv-tables/bin/python`, "-m", "unittest", "tests.table_values")).toMatch(/Ran \d+ tests/);
  }, 300_000);

  // Two downloads of some 50 MB.
  if (isNightly)
    it.each(interpreters.filter((each) => each === oldest || each === newest).map((each) => [each.version, each.path] as const))(
      "passes those that any version passes, on Python %s",
      async (version, path) => {
        execFileSync("sh", [`${root}scripts/setup-tables.sh`, path, version], { stdio: ["ignore", "ignore", "inherit"] });
        const interpreter = `${root}.cache/venv-tables-${version}/bin/python`;
        expect(await passes(interpreter, "-m", "unittest", "tests.table_versions")).toMatch(/Ran 2 tests/);
      },
      600_000,
    );
});

describe("G20 G30 the Python codec does what the vectors say", () => {
  const vectors = `${root}test/conformance/run_vectors.py`;
  // The heavy ones are about limits and time, which are the codec's, not the language's.
  it.each(names.map((name, index) => [name, interpreters[index]!] as const))(
    "on %s",
    async (_name, interpreter) => {
      const all = isNightly || interpreter === oldest;
      expect(await passes(interpreter.path, vectors, ...(all ? [] : ["--without-heavy"]))).toMatch(/[1-9]\d{3,} passed, 0 failed/);
    },
    120_000,
  );

  it("with numpy", async () => {
    execFileSync("sh", [`${root}scripts/setup-numpy.sh`], { stdio: "inherit" });
    const printed = await passes(`${root}.cache/venv-numpy/bin/python`, vectors, ...(isNightly ? [] : ["--without-heavy"]));
    expect(printed).toMatch(/numpy \d/);
    expect(printed).toMatch(/[1-9]\d{2,} passed, 0 failed/);
  }, 300_000);

  it("with pandas", async () => {
    execFileSync("sh", [`${root}scripts/setup-tables.sh`], { stdio: "inherit" });
    const printed = await passes(`${root}.cache/venv-tables/bin/python`, vectors, "--without-heavy");
    expect(printed).toMatch(/pandas \d/);
    expect(printed).toMatch(/[1-9]\d{2,} passed, 0 failed/);
  }, 300_000);
});
