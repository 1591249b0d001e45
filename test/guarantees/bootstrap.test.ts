import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import type { Connector } from "@sremote/connectors";
import { nodePayload, pythonPayload } from "@sremote/endpoint";
import { afterAll, describe, expect, test } from "vitest";
import { limitedTo } from "../support/carriage.ts";
import { hostKinds, hostPath, runtimes, stopSshd } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";

afterAll(stopSshd);

const payload = { python: pythonPayload, node: nodePayload };
const one = { python: ["os", "getpid"], node: ["node:os", "hostname"] } as const;

/** A client in a process of its own. */
async function inOtherProcess(home: string, runtime: string, module: string, fn: string): Promise<string> {
  const text = `
    const { RemoteClient } = await import("@sremote/client");
    const { local } = await import("@sremote/connectors");
    await using client = new RemoteClient(local({ cwd: ${JSON.stringify(home)}, env: ${JSON.stringify({ HOME: home, PATH: hostPath })} }), { runtime: "${runtime}", transport: "spool" });
    await client.doRemoteCall("${module}", "${fn}");
    console.log("called");`;
  const child = spawn(process.execPath, ["--conditions=@sremote/source", "--input-type=module", "-e", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  await once(child, "close");
  return said;
}

const kinds = hostKinds.filter(({ name }) => ["local without sessions", "three functions", "ssh without sessions"].includes(name));

describe.each(runtimes)("G22 concurrent deployments in %s", (runtime) => {
  // Twenty where they come from several processes; how the program gets there differs elsewhere, not how it is put in its place. Which runtime's it is
  // is all the same to what puts it there.
  const crowds = kinds
    .filter(({ carriage }) => isNightly || carriage === (runtime === "python" ? "pipes" : "files"))
    .filter(({ name }) => isNightly || !name.includes("ssh"))
    .map((kind) => ({ kind, name: kind.name, count: isNightly || kind.name.startsWith("local") ? 20 : 8 }));
  test.each(crowds)("G22 $count at once on $name: all succeed, one intact install, nothing left in tmp", async ({ kind, count }) => {
    await using host = await kind.start();
    const [module, fn] = one[runtime];
    const others = kind.name.startsWith("local") ? [1, 2, 3, 4].map(() => inOtherProcess(host.home, runtime, module, fn)) : [];
    const clients = Array.from({ length: count - others.length }, () => new RemoteClient(host.again(), { runtime }));
    try {
      await Promise.all(clients.map((client) => client.doRemoteCall(module, fn)));
      expect(await Promise.all(others)).toEqual(others.map(() => "called\n"));
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
    const base = join(host.home, ".sremote");
    expect(await readdir(join(base, "endpoint"))).toEqual([payload[runtime].sha256]);
    expect(await readdir(join(base, "tmp"))).toEqual([]);
    expect(await readdir(join(base, "calls"))).toEqual([]);
    await using after = new RemoteClient(host.again(), { runtime, autoInstall: false });
    await after.doRemoteCall(module, fn);
  });

  // It makes an environment of Python for either.
  const isTried = isNightly || runtime === "python";
  if (isTried)
    test("G22 twenty bootstrapInstall at once: one interpreter, nothing left in tmp", async () => {
      await using host = await hostKinds[0]!.start();
      const clients = Array.from({ length: 20 }, () => new RemoteClient(host.again(), { runtime }));
      const results = await Promise.all(clients.map((client) => client.bootstrapInstall()));
      for (const result of results) expect(result).toEqual(results[0]);
      expect(results[0]?.base).toBe(join(host.home, ".sremote"));
      await Promise.all(clients.map((client) => client.close()));
      expect(await readdir(join(host.home, ".sremote/tmp"))).toEqual([]);
    });

  test("G22 a payload that arrives damaged is refused and not installed; the next one is", async () => {
    await using host = await hostKinds[0]!.start();
    const [module, fn] = one[runtime];
    let damaged = 0;
    const connector: Connector = {
      ...limitedTo("pipes", host.connector),
      exec: (command, options) => {
        const stdin = options?.stdin;
        if (!Array.isArray(stdin) || (stdin[0] as Uint8Array).length !== payload[runtime].size)
          return host.connector.exec(command, options);
        damaged++;
        const [first, ...rest] = stdin as Uint8Array[];
        const wrong = Uint8Array.from(first!);
        wrong[wrong.length >> 1]! ^= 1;
        return host.connector.exec(command, { ...options, stdin: [wrong, ...rest] });
      },
    };
    await using client = new RemoteClient(connector, { runtime });
    await expect(client.doRemoteCall(module, fn)).rejects.toMatchObject({
      code: "endpoint-broken",
      message: expect.stringContaining("the payload arrived damaged") as string,
    });
    expect(damaged).toBeGreaterThan(0);
    expect(await readdir(join(host.home, ".sremote/endpoint"))).toEqual([]);
    await using next = new RemoteClient(limitedTo("pipes", host.again()), { runtime });
    await next.doRemoteCall(module, fn);
    expect(await readdir(join(host.home, ".sremote/endpoint"))).toEqual([payload[runtime].sha256]);
  });
});
