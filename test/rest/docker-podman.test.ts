/* What Podman does in its own way over Docker's Engine API, and how processes end that are not wanted any more: over both engines. */
import { RemoteClient } from "@sremote/client";
import { docker, shell } from "@sremote/connectors";
import type { RestConnector } from "@sremote/connectors";
import { ConnectError, TransferError } from "@sremote/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ContainerLab } from "../../scripts/labs/containers.ts";
import { startDocker } from "../../scripts/labs/docker.ts";
import { startPodman } from "../../scripts/labs/podman.ts";
import { rejection } from "../support/rejection.ts";

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe.each([
  ["Docker Engine", startDocker],
  ["Podman", startPodman],
] as const)("a container of %s", (_engine, start) => {
  let lab: ContainerLab;
  let container: string;
  const connectors: RestConnector[] = [];
  const connect = (options = {}): RestConnector => {
    const connector = docker({ container, socketPath: lab.socketPath, ...options });
    connectors.push(connector);
    return connector;
  };

  beforeAll(async () => {
    lab = await start();
    container = await lab.addContainer({ tmpfs: { "/small": "size=1m" } });
  });
  afterEach(async () => {
    await Promise.all(connectors.splice(0).map((each) => each.close()));
    await expect.poll(() => lab.commands(container), { timeout: 10_000 }).toEqual([]);
  });
  afterAll(() => lab?.stop());

  test.each([
    ["killed", "not read", async (process) => process.kill("SIGKILL")],
    ["disposed of", "not read", async (process) => process[Symbol.asyncDispose]()],
    ["disposed of", "read", async (process) => process[Symbol.asyncDispose]()],
    ["closed under", "not read", async (_process, connector) => connector.close()],
    ["closed under", "read", async (_process, connector) => connector.close()],
  ] satisfies readonly (readonly [
    string,
    "read" | "not read",
    (process: Awaited<ReturnType<NonNullable<RestConnector["spawn"]>>>, connector: RestConnector) => Promise<void>,
  ])[])("a process that is %s, its outputs %s, has an exit at once", async (_, outputs, end) => {
    for (let round = 0; round < 4; round += 1) {
      const connector = connect();
      const process = await connector.spawn!(["sleep", "300"]);
      if (outputs === "read") {
        process.stdout.resume();
        process.stderr.resume();
      }
      await end(process, connector);
      const begin = performance.now();
      expect(await process.exit).toEqual({ exitCode: 137, signal: null });
      expect(performance.now() - begin).toBeLessThan(1000);
    }
  });

  test("input that a command does not read does no harm, whatever its size: its code and output arrive", async () => {
    const connector = connect();
    for (const size of [0, 1000, 16 * 1024 + 1, 100_000, 1_000_000, 5_000_000]) {
      const { exitCode, stdout } = await connector.exec(shell("echo hello; exit 5"), { stdin: new Uint8Array(size) });
      expect([size, exitCode, textOf(stdout)]).toEqual([size, 5, "hello\n"]);
    }
    // A command's own way with signals stays its own.
    const input = { stdin: new Uint8Array(100_000) };
    expect((await connector.exec(shell("kill -9 $$"), input)).exitCode).toBe(137);
    expect((await connector.exec(shell("trap 'exit 3' TERM; kill -TERM $$; sleep 5"), input)).exitCode).toBe(3);
    expect((await connector.exec(["sha256sum"], { stdin: new Uint8Array(3_000_000) })).exitCode).toBe(0);
    const error = await rejection(connector.exec(shell("trap '' TERM; sleep 300; true"), { ...input, timeout: 500 }));
    expect(error.code).toBe("timeout");
  });

  test("G13 a push that the host gives up early says why", async () => {
    const connector = connect();
    for (let round = 0; round < 5; round += 1) {
      const error = await rejection(connector.push(new Uint8Array(8 << 20), "/small/file"), TransferError);
      expect(error.code).toBe("disk-full");
    }
  });

  test("a user or a directory that is not there is told in the engine's words", async () => {
    const wrong = [
      [{ user: "nobody-here" }, /unable to find user|no matching entries in passwd/],
      [{ cwd: "/nowhere" }, /no such file or directory/],
    ] as const;
    for (const [options, said] of wrong) {
      const error = await rejection(connect(options).exec(["true"]), ConnectError);
      expect([error.code, error.message]).toEqual(["channel-failed", expect.stringMatching(said)]);
    }
  });

  test("calls share a session, which ends with its client", async () => {
    const client = new RemoteClient(connect());
    const first = (await client.doRemoteCall("os", "getpid")).value;
    expect((await client.doRemoteCall("os", "getpid")).value).toBe(first);
    await client.close();
  });
});
