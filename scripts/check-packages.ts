/*
 * What publint and attw say of every package, as npm would publish it. In one process: their commands pack each package twice, and each loads a compiler of
 * its own. `npx turbo run lint:pkg` runs these. Needs the built packages (`npm run build`).
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { type Packed, packPackages } from "./packing/index.ts";

/** Packages are ES modules: of `attw --profile esm-only`. */
const ignored: readonly string[] = ["node10", "node16-cjs"];

/** One line for each problem of a package; none where all is well. */
async function problemsOf({ archive }: Packed): Promise<string[]> {
  const bytes = Uint8Array.from(readFileSync(archive));
  const { messages, pkg } = await publint({ pack: { tarball: bytes.buffer }, strict: true });
  const said = messages.filter(({ type }) => type === "error").map((message) => `publint: ${formatMessage(message, pkg) ?? message.code}`);
  const analysis = await checkPackage(createPackageFromTarballData(bytes));
  if (!analysis.types) return [...said, "attw: no types"];
  const problems = analysis.problems.filter((problem) => !("resolutionKind" in problem && ignored.includes(problem.resolutionKind)));
  return [...said, ...problems.map((problem) => `attw: ${JSON.stringify(problem)}`)];
}

const directory = mkdtempSync(join(tmpdir(), "sremote-packed-"));
try {
  const packed = await packPackages(directory);
  for (const each of packed) {
    for (const problem of await problemsOf(each)) {
      console.error(`${each.name}: ${problem}`);
      process.exitCode = 1;
    }
  }
  console.log(`${packed.length} packages checked`);
} finally {
  rmSync(directory, { recursive: true });
}
