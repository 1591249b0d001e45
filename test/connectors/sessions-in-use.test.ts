/* Sessions of a connection are few. Whatever has to wait for one says for which, and what holds them: in the error of its deadline, and in `status()`. */
import { RemoteClient } from "@sremote/client";
import { type Connector, openssh, type SpawnedProcess, ssh } from "@sremote/connectors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import type { Account } from "../../scripts/labs/users.ts";

let lab: Lab;
let user: Account;
beforeAll(async () => {
  lab = await startSshd();
  user = await lab.addUser();
});
afterAll(() => lab.stop());

const to = (at: Lab, username: string) =>
  ({ host: at.address, port: at.port, username, privateKeyPath: at.key.path, knownHosts: at.knownHosts, sshConfig: false }) as const;

async function lasting(connector: Connector, count: number): Promise<AsyncDisposable> {
  const started: SpawnedProcess[] = await Promise.all(Array.from({ length: count }, () => connector.spawn!(["sleep", "600"])));
  return { [Symbol.asyncDispose]: async () => void (await Promise.all(started.map((each) => each[Symbol.asyncDispose]()))) };
}

const rejection = async (promise: PromiseLike<unknown>): Promise<{ code?: string; message: string; outcome?: string }> =>
  await promise.then(
    () => ({ message: "it ended" }),
    (error: Error) => error,
  );

describe.each([
  ["ssh", ssh],
  ["openssh", openssh],
] as const)("over %s()", (_name, connect) => {
  test("behind eight lasting commands, every operation names them when its deadline passes, and so does status", async () => {
    await using client = new RemoteClient(connect(to(lab, user.name)));
    const { connector } = client;
    await using _ = await lasting(connector, 8);
    const reason = /one of the 8 sessions that are used at once of the connection \(sshd's MaxSessions\), in use by sleep \(8\)/;
    const waiting = [
      connector.exec(["true"], { timeout: 200 }),
      connector.push(Buffer.from("x"), `${user.home}/pushed`, { timeout: 200 }),
      connector.pull("/etc/hostname", { write: () => undefined }, { timeout: 200 }),
      connector.spawn!(["cat"], { timeout: 200 }),
      client.probe({ timeout: 200 }),
      client.doRemoteCall("os", "getpid", [], { timeout: 200 }),
    ];
    for (const each of waiting) expect(await rejection(each)).toMatchObject({ code: "timeout", message: expect.stringMatching(reason) });
    expect(await rejection(client.call("os", "getpid", [], { queueTimeout: 200 }))).toMatchObject({
      code: "timeout",
      outcome: "not-run",
      message: expect.stringMatching(/while it waited for the session on the host to start, which waits for one of the 8 sessions/),
    });
    expect(await client.status({ timeout: 5000 })).toMatchObject({
      ok: true,
      message: expect.stringMatching(/; all 8 sessions that are used at once are in use, by sleep \(8\): the next command waits$/),
    });
  });
});

test("a session of calls that holds the only session of a host is named to what waits for it", async () => {
  await using small = await startSshd({ config: ["MaxSessions 1"] }).then((at) => ({ at, [Symbol.asyncDispose]: () => at.stop() }));
  const { name } = await small.at.addUser();
  await using client = new RemoteClient(ssh(to(small.at, name)));
  await client.doRemoteCall("os", "getpid");
  const { message } = await rejection(client.connector.exec(["true"], { timeout: 1500 }));
  expect(message).toContain(
    "it waited for the only session that the host allows the connection (sshd's MaxSessions), in use by a session of calls",
  );
  expect((await client.status()).message).toMatch(/; its only session is in use, by a session of calls: the next command waits$/);
});
