/* Times beyond the 24.8 days (2^31 ms) of a timer, in every option of milliseconds: kept, or refused by name. None of them is over at once. */
import { RemoteClient } from "@sremote/client";
import { type Connector, local, openssh, ssh } from "@sremote/connectors";
import { fleet } from "@sremote/fleet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import type { Account } from "../../scripts/labs/users.ts";

/** The longest there is. */
const time = Number.MAX_VALUE;

let lab: Lab;
let user: Account;
beforeAll(async () => {
  lab = await startSshd();
  user = await lab.addUser();
});
afterAll(() => lab.stop());

const to = () =>
  ({
    host: lab.address,
    port: lab.port,
    username: user.name,
    privateKeyPath: lab.key.path,
    knownHosts: lab.knownHosts,
    sshConfig: false,
  }) as const;
const connectors: Readonly<Record<string, () => Connector>> = {
  local: () => local(),
  ssh: () => ssh({ ...to(), connectTimeout: time, startTimeout: time, agentTimeout: time }),
  openssh: () => openssh({ ...to(), connectTimeout: time, startTimeout: time }),
};

describe("a time longer than any timer", () => {
  test.each(Object.keys(connectors))("for what a connector does, over %s", async (name) => {
    await using host = connectors[name]!();
    expect(await host.exec(["sh", "-c", "sleep 0.1; cat"], { timeout: time, stdin: Buffer.from("in") })).toMatchObject({ exitCode: 0 });
    await using process = await host.spawn!(["sleep", "0.1"], { timeout: time });
    expect(await process.exit).toMatchObject({ exitCode: 0 });
    expect(await host.status({ timeout: time })).toMatchObject({ ok: true });
  });

  test.each(["python", "node"] as const)("for calls of %s, over a session and over files", async (runtime) => {
    const [module, fn] = runtime === "python" ? ["time", "sleep"] : ["node:timers/promises", "setTimeout"];
    await using client = new RemoteClient(local(), { runtime });
    const limits = { timeout: time, queueTimeout: time, idleTimeout: time };
    for (const options of [
      limits,
      { ...limits, isolation: "call" } as const,
      { ...limits, returns: "object", objectTimeout: time } as const,
    ]) {
      expect((await client.doRemoteCall(module, fn, [0.1], options)).callId).toHaveLength(32);
    }
    await using files = new RemoteClient(local(), { runtime, transport: "spool" });
    expect((await files.doRemoteCall(module, fn, [0.1], { timeout: time })).callId).toHaveLength(32);
  });

  test("for runs of a fleet, also between a signal and SIGKILL", async () => {
    await using hosts = fleet(["h"], { connect: () => local(), logLevel: "silent", forceKillAfterDelay: time });
    const run = await hosts.run("sleep 0.1", { timeout: time, hostTimeout: time }).orThrow();
    expect(run.jobs[0]!.exitCode).toBe(0);
    const endless = hosts.run("echo up; exec sleep 600", { hostTimeout: time });
    expect((await endless.lines().next()).value).toMatchObject({ text: "up" });
    await endless.kill();
    expect(endless.jobs[0]).toSatisfy(
      ({ reason, error, forcedKill }) => reason === "killed" && error === undefined && forcedKill === false,
    );
  });

  test("between signs of life is refused, as are leases of sessions", async () => {
    for (const options of [{ heartbeatInterval: time }, { resumeTimeout: time }]) {
      expect(() => new RemoteClient(local(), options)).toThrow(
        /^options\.(?:heartbeatInterval|resumeTimeout) must be a number of milliseconds from \d+ to 2147483647 \(24\.8 days\)/,
      );
    }
    for (const connect of [ssh, openssh]) {
      expect(() => connect({ ...to(), keepaliveInterval: time })).toThrow(
        /^options\.keepaliveInterval must be a number of milliseconds from 0 to 2147483647/,
      );
    }
  });
});
