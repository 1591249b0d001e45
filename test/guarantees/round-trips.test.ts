import { RemoteClient } from "@sremote/client";
import { afterAll, describe, expect, test } from "vitest";
import { counted } from "../support/counting.ts";
import { hostKinds, runtimes, sharedSshd, stopSshd } from "../support/hosts.ts";

afterAll(stopSshd);

const time = { python: ["time", "time"], node: ["node:process", "uptime"] } as const;

describe.each(runtimes)("round trips in %s", (runtime) => {
  test.each(hostKinds.filter(({ carriage }) => carriage === "session"))(
    "a session on $name is one spawn, and a call is no operation of the connector",
    async (kind) => {
      await using host = await kind.start();
      const { connector, operations } = counted(host.connector);
      await using client = new RemoteClient(connector, { runtime });
      for (const _ of [1, 2, 3]) await client.doRemoteCall(time[runtime][0], time[runtime][1]);
      await Promise.all(Array.from({ length: 100 }, () => client.doRemoteCall(time[runtime][0], time[runtime][1])));
      await expect(client.doRemoteCall("missing", "function")).rejects.toMatchObject({ code: "module-not-found" });
      expect(operations).toEqual(["spawn"]);
    },
  );

  test.each(hostKinds.filter(({ carriage }) => carriage === "pipes"))("a call is one exec on $name, the first included", async (kind) => {
    await using host = await kind.start();
    const { connector, operations } = counted(host.connector);
    await using client = new RemoteClient(connector, { runtime });
    for (const _ of [1, 2, 3]) await client.doRemoteCall(time[runtime][0], time[runtime][1]);
    expect(operations).toEqual(["exec", "exec", "exec"]);
  });

  test.each(hostKinds.filter(({ carriage }) => carriage === "files"))(
    "a call is at most three operations on $name, after the first",
    async (kind) => {
      await using host = await kind.start();
      const { connector, operations } = counted(host.connector);
      await using client = new RemoteClient(connector, { runtime });
      await client.doRemoteCall(time[runtime][0], time[runtime][1]);
      const before = operations.length;
      await client.doRemoteCall(time[runtime][0], time[runtime][1]);
      expect(operations.slice(before)).toEqual(["push", "exec", "pull"]);
      await client.doRemoteCall(time[runtime][0], time[runtime][1]);
      expect(operations).toHaveLength(before + 6);
    },
  );

  test("twenty calls, a probe and a failing call over ssh share one connection", async () => {
    const server = await sharedSshd();
    const host = await hostKinds.find(({ name }) => name === "ssh")!.start();
    const accepted = async (): Promise<number> => (await server.log()).split("Accepted publickey for").length - 1;
    const before = await accepted();
    {
      await using client = new RemoteClient(host.connector, { runtime });
      for (let call = 0; call < 5; call++) await client.doRemoteCall(time[runtime][0], time[runtime][1]);
      await Promise.all(Array.from({ length: 15 }, () => client.doRemoteCall(time[runtime][0], time[runtime][1])));
      await client.probe();
      await expect(client.doRemoteCall("missing", "function")).rejects.toMatchObject({ code: "module-not-found" });
    }
    expect(await accepted()).toBe(before + 1);
  });
});
