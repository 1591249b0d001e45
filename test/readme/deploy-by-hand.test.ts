import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startSshd } from "../../scripts/labs/sshd.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the commands of docs/deployment.md install the endpoint on an SSH host", async () => {
  const block = /^```sh\n(scp .*?)^```$/ms.exec(readFileSync(join(root, "docs/deployment.md"), "utf8"))?.[1] ?? "";
  await using lab = await startSshd();
  const { name } = await lab.addUser();
  const folder = mkdtempSync(join(tmpdir(), "sremote-by-hand-"));
  try {
    const config = `Host host\n  HostName ${lab.address}\n  Port ${lab.port}\n  User ${name}\n  IdentityFile ${lab.key.path}\n  UserKnownHostsFile ${lab.knownHosts}\n`;
    writeFileSync(join(folder, "config"), config);
    for (const program of ["ssh", "scp"]) {
      writeFileSync(join(folder, program), `#!/bin/sh\nexec /usr/bin/${program} -F ${folder}/config "$@"\n`);
      chmodSync(join(folder, program), 0o755);
    }
    const run = spawnSync("sh", ["-e", "-c", block], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, PATH: `${folder}:/usr/bin:/bin` },
    });
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/installed .*\.sremote\/endpoint\/[0-9a-f]{64}/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
