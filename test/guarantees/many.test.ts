/* Many clients, and many calls of one, against an SSH server with its default limits. */
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { RemoteClient } from "@sremote/client";
import { ssh } from "@sremote/connectors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import type { Account } from "../../scripts/labs/users.ts";
import { plant } from "../support/effects.ts";
import { hostPath } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";

let lab: Lab;
let user: Account;
beforeAll(async () => {
  // MaxStartups and MaxSessions are sshd's own: 10:30:100 and 10.
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`] });
  user = await lab.addUser();
  await plant(
    user.home,
    "work/count.py",
    `import os, time
def began(path, number):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(fd, b"%d\\n" % number)
    os.close(fd)
    time.sleep(0.02)
    return number
`,
  );
});
afterAll(() => lab?.stop());

const connect = (): ReturnType<typeof ssh> =>
  ssh({
    host: lab.address,
    port: lab.port,
    username: user.name,
    privateKeyPath: lab.key.path,
    knownHosts: lab.knownHosts,
    sshConfig: false,
  });

test("G16 100 clients at once, each with a connection and a session of its own: none fails", { timeout: 240_000 }, async () => {
  const clients = Array.from({ length: 100 }, () => new RemoteClient(connect()));
  try {
    const outcomes = await Promise.allSettled(clients.map((client, index) => client.doRemoteCall<number>("operator", "add", [index, 1])));
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []));
    expect(failures).toEqual([]);
    expect(outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value.value)).toEqual(clients.map((_, index) => index + 1));
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
});

describe("G18 200 calls at once through MaxSessions 10", () => {
  const first = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  const numbers = first(200);
  const began = async (path: string): Promise<number[]> => (await readFile(path, "latin1")).trim().split("\n").map(Number);

  const all = async (client: RemoteClient, path: string, given = numbers): Promise<unknown> =>
    Promise.all(given.map(async (number) => (await client.doRemoteCall("count", "began", [path, number], { cwd: "work" })).value));

  test("G18 over a session all succeed, and begin in order", async () => {
    // With one worker: those that run at once begin in any order among themselves.
    await using client = new RemoteClient(connect(), { workers: 1 });
    const path = join(user.home, "in-order");
    expect(await all(client, path)).toEqual(numbers);
    expect(await began(path)).toEqual(numbers);
  });

  test("G18 over a session of many workers all succeed, and each runs once", async () => {
    await using client = new RemoteClient(connect(), { workers: 16 });
    const path = join(user.home, "at-once");
    expect(await all(client, path)).toEqual(numbers);
    expect((await began(path)).toSorted((a, b) => a - b)).toEqual(numbers);
  });

  // There each call is a command, of which packages/connectors/src/ssh lets ten run: several times as many show it.
  const some = first(isNightly ? 200 : 50);
  test(`G18 over the spool ${some.length} succeed, and each runs once`, { timeout: 240_000 }, async () => {
    await using client = new RemoteClient(connect(), { transport: "spool" });
    const path = join(user.home, "over-files");
    expect(await all(client, path, some)).toEqual(some);
    expect((await began(path)).toSorted((a, b) => a - b)).toEqual(some);
  });
});
