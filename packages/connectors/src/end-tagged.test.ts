import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { endTagged } from "./end-tagged.ts";

it("ends what was becoming another program when it was looked for first", async () => {
  const tag = randomBytes(16).toString("hex");
  const programs = mkdtempSync(join(tmpdir(), "sremote-end-tagged-"));
  const sleeping = spawn("sleep", ["60"], { env: { ...process.env, SREMOTE_EXEC: tag }, stdio: "ignore" });
  try {
    await once(sleeping, "spawn");
    const ended = once(sleeping, "exit");
    // The first look finds nothing, as when the kernel has no environment of it yet.
    const looked = join(programs, "looked");
    writeFileSync(join(programs, "grep"), `#!/bin/sh\n[ -e ${looked} ] || { touch ${looked}; exit 1; }\nPATH=$REAL exec grep "$@"\n`, {
      mode: 0o755,
    });
    const env = { ...process.env, REAL: process.env["PATH"], PATH: `${programs}:${process.env["PATH"]}` };
    expect(spawnSync("/bin/sh", ["-c", endTagged(tag)], { env, timeout: 20_000 }).status).toBe(0);
    expect(await ended).toEqual([null, "SIGTERM"]);
  } finally {
    sleeping.kill("SIGKILL");
    rmSync(programs, { recursive: true });
  }
});
