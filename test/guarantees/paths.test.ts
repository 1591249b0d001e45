import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { type PathName, type Paths, sizeOf } from "../../scripts/paths/page.ts";

// It starts scripts/labs/sshd.ts in a process of its own, whose code vitest has not changed.
const program = fileURLToPath(new URL("../../scripts/paths/measure.ts", import.meta.url));
const page = readFileSync(new URL("../../docs/paths.md", import.meta.url), "utf8");

/** The most that one who follows a call has to read. Lower them when a path gets shorter; the aims are in docs/decisions/082. */
const most: Readonly<Record<PathName, { files: number; lines: number }>> = {
  // Of these, 300 lines are of shipped code, maps and interpreters: most are methods of RemoteClient, their docstrings, and what makes their parts.
  call: { files: 35, lines: 5860 },
  run: { files: 58, lines: 6650 },
  push: { files: 46, lines: 5050 },
};

describe("the files that work runs through", () => {
  let paths: Paths;
  beforeAll(() => {
    const output = execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", "--conditions=@sremote/source", program], {
      encoding: "utf8",
    });
    paths = JSON.parse(output) as Paths;
  });

  test.each(["call", "run", "push"] as const)("do not grow: %s", (name) => {
    const { files, lines } = sizeOf(paths[name]);
    expect(files).toBeLessThanOrEqual(most[name].files);
    expect(lines).toBeLessThanOrEqual(most[name].lines);
    // Both runtimes were seen.
    if (name === "call")
      expect(paths.call.map(({ file }) => file.replace(/.*\//, ""))).toEqual(expect.arrayContaining(["calls.ts", "dispatch.py"]));
  });

  test.each(["call", "run", "push"] as const)("are named in docs/paths.md: %s", (name) => {
    const section = page.split(`<!-- ${name}:`)[1]!;
    const missing = paths[name].filter(({ file }) => {
      const folder = file.slice(0, file.lastIndexOf("/"));
      const row = section.split("\n").find((line) => line.startsWith(`| \`${folder}\` |`)) ?? "";
      return !row.split(/[ ,|]+/).includes(file.slice(folder.length + 1));
    });
    expect(missing, "run `node scripts/paths/measure.ts --write`").toEqual([]);
  });
});
