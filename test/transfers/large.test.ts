/* G35: a file of a gigabyte moves in constant memory. */
import { chmod, mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import type { Account } from "../../scripts/labs/users.ts";
import { hostPath } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";

const program = fileURLToPath(new URL("memory-program.ts", import.meta.url));
let lab: Lab;
let user: Account;
let directory: string;
beforeAll(async () => {
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`] });
  user = await lab.addUser();
  directory = await mkdtemp(join(tmpdir(), "sremote-large-"));
  // The user of the host is to read the file, and to write beside it.
  await chmod(directory, 0o777);
});
afterAll(async () => {
  await lab?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Nothing but zeros, so that it takes no room, and an end. */
async function makeFile(bytes: number): Promise<string> {
  const path = join(directory, String(bytes));
  const file = await open(path, "w", 0o644);
  await file.truncate(bytes);
  await file.write("end", bytes - 3);
  await file.close();
  return path;
}

/** Where the packets are not ours a part tells as much: held whole, it would be twice what memory may grow by then. */
const others = [
  ["push", "openssh", 2 ** 28],
  ["pull", "openssh", 2 ** 28],
  ["push", "local", 2 ** 28],
  ["pull", "local", 2 ** 28],
] as const;

// What copies is the same over every connector, and `checkConnector` looks at the memory of each.
test.each([["push", "ssh", 2 ** 30] as const, ["pull", "ssh", 2 ** 30] as const, ...(isNightly ? others : [])])(
  "G35 a %s over %s of %d bytes",
  async (direction, kind, bytes) => {
    const from = await makeFile(bytes);
    const to = join(directory, "copy");
    const options = { host: lab.address, port: lab.port, username: user.name, privateKeyPath: lab.key.path, knownHosts: lab.knownHosts };
    const command = ["--conditions=@sremote/source", program, direction, from, to, kind, JSON.stringify(options)];
    const { grown, ...result } = JSON.parse(await run(process.execPath, command)) as { grown: number; ok: boolean; bytes: number };
    expect(result).toEqual({ ok: true, bytes });
    expect(grown).toBeLessThan(bytes === 2 ** 30 ? 256 : 128);
    expect((await stat(to)).size).toBe(bytes);
    const file = await open(to);
    const end = await file.read(Buffer.alloc(3), 0, 3, bytes - 3);
    await file.close();
    expect(end.buffer.toString()).toBe("end");
    await rm(to);
  },
);
