import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** For suites that make much and close little: their temporary files lie in a directory that is removed at their end. */
export function useOwnTemporaryDirectory(): void {
  const before = process.env["TMPDIR"];
  const directory = mkdtempSync(join(tmpdir(), "sremote-suite-"));
  process.env["TMPDIR"] = directory;
  afterAll(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(directory, { recursive: true, force: true });
  });
}
