/* `npm run demo` after its set-up: everything is shown, and nothing is left. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("the demonstration shows each step and leaves nothing behind", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sremote-demo-test-"));
  try {
    const options = ["--disable-warning=ExperimentalWarning", "--conditions=@sremote/source"];
    const env = { HOME: directory, TMPDIR: directory, PATH: "/usr/local/bin:/usr/bin:/bin", LANG: "C.UTF-8" };
    const child = spawn(process.execPath, [...options, fileURLToPath(new URL("demo.ts", import.meta.url))], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    expect(stderr).toBe("");
    expect(child.exitCode).toBe(0);
    for (const expected of [
      "0 files",
      "still 0 files",
      "hello from the host",
      "when: 2026-11-22T08:00:00.000Z",
      "big: 1180591620717411303424n",
      "line:    epoch 2",
      "item:    4",
      "value:   10",
      "value:   ../code",
      "value:   good morning",
      "ZeroDivisionError: division by zero",
      "return sum(values) / len(values)",
      "exit:    1",
      "first call ever",
    ]) {
      expect(stdout).toContain(expected);
    }
    expect(await readdir(directory)).toEqual([]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
