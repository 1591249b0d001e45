/* G11 G20 A host that speaks SSH and keeps to none of its limits: ssh2's own server, in a program of its own. */
import { ssh } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";
import { hostLimits } from "@sremote/protocol";
import { afterEach, expect, test, vi } from "vitest";
import { allowed, inUse } from "../support/flood.ts";
import { startHostileSshd } from "../support/hostile-host.ts";
import type { HostileSshd } from "../support/hostile-host.ts";

let sshd: HostileSshd | undefined;
let connector: Connector | undefined;
afterEach(async () => {
  await connector?.close();
  await sshd?.stop();
});

async function hostileHost(behaviour: string): Promise<Connector> {
  sshd = await startHostileSshd(behaviour);
  connector = ssh({
    host: "127.0.0.1",
    port: sshd.port,
    username: "u",
    password: "not-a-secret",
    sshConfig: false,
    agent: false,
    hostKey: { fingerprint: sshd.fingerprint },
  });
  return connector;
}

test("the host's server is one that a command runs on, so that the cases below test what they claim", async () => {
  const host = await hostileHost("honest");
  expect((await host.exec(["true"])).exitCode).toBe(0);
});

test.each([
  ["ignores the window of a channel that nobody reads", "window", { code: "limit-exceeded" }],
  [
    "prints without end before the command begins",
    "noise",
    { code: "limit-exceeded", message: expect.stringContaining(`${hostLimits.noise} bytes`) as string },
  ],
  ["prints without end in the line that says that it has begun", "marker", { code: "limit-exceeded" }],
  ["does the same on standard error", "stderr", { code: "limit-exceeded" }],
])("a host that %s", async (_, behaviour, expected) => {
  const host = await hostileHost(behaviour);
  const before = inUse();
  const process = await host.spawn!(["cat"]);
  await expect(process.exit).rejects.toMatchObject(expected);
  expect(inUse() - before).toBeLessThan(allowed);
});

test("a host that prints in turns on an output that nobody reads, and on one that is read, has one window", async () => {
  const host = await hostileHost("turns");
  const before = inUse();
  const process = await host.spawn!(["cat"]);
  process.exit.catch(() => {}); // It goes on until it is ended.
  let read = 0;
  process.stderr.on("data", (chunk: Buffer) => (read += chunk.length));
  // When nothing more comes, the window is used up.
  for (let [last, still] = [-1, 0]; still < 5 && last < 64 * 2 ** 20; last = read) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    still = read === last ? still + 1 : 0;
  }
  expect(read).toBeLessThan(8 * 2 ** 20);
  expect(inUse() - before).toBeLessThan(allowed / 8);
  // Once it is read, all goes on.
  const more = read + 8 * 2 ** 20;
  process.stdout.resume();
  await vi.waitUntil(() => read > more, 20_000);
});

test("compression is not taken up, even where the host insists on it", async () => {
  const host = await hostileHost("compress");
  await expect(host.exec(["true"])).rejects.toMatchObject({
    code: "connect-failed",
    message: expect.stringMatching(/no matching .*compress/i) as string,
  });
});
