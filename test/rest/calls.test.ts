/*
 * What users write is the same over REST: calls of both runtimes, environment, installs, self-discovery. Only sessions are missing. Over one
 * dialect all of it; over each other what stands on how its commands begin and end. That a command runs once whatever becomes of the request that
 * starts it, the suite of connectors shows for each.
 */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../scripts/labs/wait.ts";
import { Effects, newId, plantEffects } from "../support/effects.ts";
import { runtimes } from "../support/hosts.ts";
import { makeRepositories } from "../support/repositories.ts";
import type { Repositories } from "../support/repositories.ts";
import { hostile } from "../stubs/hostile-server.ts";
import { isNightly } from "../support/nightly.ts";
import { restKinds, restVariants } from "./dialects.ts";
import type { RestHost } from "./dialects.ts";

let repositories: Repositories;
beforeAll(async () => {
  repositories = await makeRepositories();
});
afterAll(() => repositories?.[Symbol.asyncDispose]());

// The dialects at once, what is done over one in its order.
describe.concurrent.each([...restKinds, ...restVariants])("calls over $name, through a hostile stub", (kind) => {
  describe("in order", { concurrent: false }, () => {
    const always = isNightly || kind === restKinds[0];
    let host: RestHost;
    let client: RemoteClient;
    beforeAll(async () => {
      host = await kind.start(hostile);
      await plantEffects(host.sandbox.home);
      client = new RemoteClient(host.connect());
    });
    afterAll(async () => {
      await client?.close();
      await host?.[Symbol.asyncDispose]();
    });

    test("the seed's example: bootstrap, a variable, and reading it", async () => {
      await client.bootstrapInstall();
      client.registerRemoteEnvVariable("myVar", "myValue");
      expect((await client.doRemoteCall("os", "getenv", ["myVar"])).value).toBe("myValue");
      expect((await client.doRemoteCall("node:process", "cwd", [], { runtime: "node" })).value).toBe(host.sandbox.home);
    });

    test("G31 bytes of any value go there and back, with output of both kinds", async () => {
      const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
      const code = "import os,sys\ndef f(b):\n  os.write(1, b[:300]); os.write(2, b[256:300]); return b[::-1]";
      await mkdir(join(host.sandbox.home, "work"), { recursive: true });
      await writeFile(join(host.sandbox.home, "work", "bytes_module.py"), code);
      const { value, output } = await client.doRemoteCall("bytes_module", "f", [bytes], { cwd: "work" });
      expect(value).toEqual(bytes.toReversed());
      expect(output.stdout.bytes).toEqual(bytes.slice(0, 300));
      expect(output.stderr.bytes).toEqual(bytes.slice(256, 300));
    });

    test("G02 a function that exits with 255 is no lost connection", async () => {
      await expect(client.doRemoteCall("os", "_exit", [255])).rejects.toMatchObject({ code: "exited", exitCode: 255 });
    });

    const starts = [
      ["", undefined],
      [", whose start arrived twice and was answered for the first", 0],
      [", whose start arrived twice and was answered for the second", 1],
    ] as const;
    test.each(always ? starts : starts.slice(0, 1))("an abort ends the function on the host%s", async (_, answer) => {
      if (answer !== undefined) host.server.inject("start", { kind: "twice", answer });
      const control = new AbortController();
      const effects = new Effects(host.sandbox.home);
      const call = effects.call(client, "python", "x", { signal: control.signal }, 300);
      await until("the function to run", async () => (await effects.runs()).length === 1, 20_000);
      control.abort();
      await expect(call).rejects.toMatchObject({ code: "cancelled" });
      const [{ pid } = { pid: 0 }] = await effects.runs();
      await until("the function to be gone", async () => !(await host.sandbox.processes()).includes(pid), 20_000);
    });

    if (!always) return;

    test("loginEnv loads the environment of a login", async () => {
      await writeFile(join(host.sandbox.home, ".profile"), "export FROM_LOGIN=yes\n");
      expect((await client.doRemoteCall("os", "getenv", ["FROM_LOGIN"])).value).toBe(null);
      expect((await client.doRemoteCall("os", "getenv", ["FROM_LOGIN"], { loginEnv: true })).value).toBe("yes");
    });

    test("self-discovery finds where the endpoint is", async () => {
      await mkdir(join(host.sandbox.home, ".sremote"), { recursive: true, mode: 0o700 });
      await writeFile(
        join(host.sandbox.home, ".sremote", ".location"),
        JSON.stringify({ sremote: "elsewhere", absolute_tmp: "elsewhere/tmp" }),
      );
      await using other = new RemoteClient(host.connect());
      await other.doSelfDiscovery(".location");
      expect((await other.doRemoteCall("os", "getpid")).value).toBeTypeOf("number");
      expect(await readdir(join(host.sandbox.home, "elsewhere"))).toContain("endpoint");
    });

    test("a package is installed from a git repository and can be called", async () => {
      await client.installGitModule(await repositories.python(`labtools_${kind.name}`, "1.0", "main"), "main", `labtools_${kind.name}`);
      expect((await client.doRemoteCall(`labtools_${kind.name}`, "answer")).value).toBe(42);
    }, 120_000);

    test.each(runtimes)("G01 in %s a call runs once, whatever becomes of the request that starts it", async (runtime) => {
      const faults = [
        { kind: "cut-before" },
        { kind: "cut-after" },
        { kind: "status", status: 502 },
        { kind: "status-after", status: 504 },
        { kind: "twice", answer: 1 },
        { kind: "mute" },
      ] as const;
      await client.doRemoteCall("os", "getpid", [], runtime === "python" ? {} : { runtime: "node" }).catch(() => undefined);
      for (const fault of faults) {
        const effects = new Effects(host.sandbox.home);
        host.server.inject("start", fault);
        expect((await effects.call(client, runtime, fault.kind)).value).toBe(fault.kind);
        expect(await effects.runs()).toHaveLength(1);
      }
    });

    test("G01 a call id that is used again gives the stored result, also through another client", async () => {
      const effects = new Effects(host.sandbox.home);
      const id = newId();
      await effects.call(client, "python", "first", { id });
      await using other = new RemoteClient(host.connect());
      other.registerRemoteEnvVariable("myVar", "myValue");
      expect((await effects.call(other, "python", "first", { id })).value).toBe("first");
      expect(await effects.runs()).toHaveLength(1);
    });

    test("what needs a session says so", async () => {
      await using connector = host.connect();
      expect(connector.spawn).toBeUndefined();
      await expect(client.doRemoteCall("os", "getpid", [], { idleTimeout: 1000 })).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringContaining("session"),
      });
      // An iterator is refused before its function runs, not when its result cannot come back.
      const code = "def f():\n  open('iterator-ran', 'w').close(); return iter([1, 2])";
      await mkdir(join(host.sandbox.home, "work"), { recursive: true });
      await writeFile(join(host.sandbox.home, "work", "iterator_module.py"), code);
      const iterate = async (): Promise<void> => {
        for await (const item of client.call("iterator_module", "f", [], { cwd: "work" }).items()) expect.fail(String(item));
      };
      await expect(iterate()).rejects.toMatchObject({ code: "unsupported", message: expect.stringContaining("session") });
      expect(await readdir(join(host.sandbox.home, "work"))).not.toContain("iterator-ran");
    });
  });
});
