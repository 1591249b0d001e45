/* Mistakes that look right at first sight. The plain ones are in test/guarantees/bad-input.test.ts. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultSerializer, RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { InvalidArgumentError, ProtocolError } from "@sremote/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Carriage } from "../support/carriage.ts";
import { type Counted, counted } from "../support/counting.ts";
import { hostPath } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "sremote-wrong-"));
});
afterEach(() => rm(home, { recursive: true }));

const connect = (carriage?: Carriage): Counted => counted(local({ cwd: home, env: { HOME: home, PATH: hostPath } }), carriage);
const any = (value: unknown): never => value as never;
const half = "\ud800";

describe("refused before anything is sent", () => {
  test.each([
    ["module", (client: RemoteClient) => client.doRemoteCall(half, "f")],
    ["function", (client: RemoteClient) => client.doRemoteCall("os", half)],
    ["options.env.A", (client: RemoteClient) => client.doRemoteCall("os", "f", [], { env: { A: half } })],
    ["options.cwd", (client: RemoteClient) => client.doRemoteCall("os", "f", [], { cwd: "~root/x" })],
    ["options", (client: RemoteClient) => client.registerRemoteEnvVariable("A", "b", any(null))],
    ["options", (client: RemoteClient) => client.registerRemoteEnvVariable("A", "b", any(true))],
    ["path", (client: RemoteClient) => client.registerRemoteEnvPath("~/bin")],
    ["options", (client: RemoteClient) => client.status(any(null))],
    ["options.timeout", (client: RemoteClient) => client.status({ timeout: any("soon") })],
    ["serializer", (client: RemoteClient) => client.setSerializer(any(null))],
  ])("%s, case %#", async (argument, attempt) => {
    const { connector, operations } = connect();
    await using client = new RemoteClient(connector);
    const error = await rejection((async () => attempt(client))(), InvalidArgumentError);
    expect(error.message.startsWith(`${argument} `), error.message).toBe(true);
    expect(operations).toEqual([]);
  });

  test("a serializer that is null", () => {
    expect(() => new RemoteClient(connect().connector, { serializer: any(null) })).toThrow(InvalidArgumentError);
  });
});

describe.each(["session", "pipes"] as const)("over %s", (carriage) => {
  test("a serializer that makes no form of the wire: the error says that the host could not read it, not that the outcome is unknown", async () => {
    await using client = new RemoteClient(connect(carriage).connector, { serializer: { ...defaultSerializer, encode: () => any(5) } });
    const error = await rejection(client.doRemoteCall("os", "getcwd"), ProtocolError);
    expect(error.message).toContain("the host could not read the request");
  });

  test("a serializer that throws: its own error comes out, and the client goes on", async () => {
    const { connector, operations } = connect(carriage);
    await using client = new RemoteClient(connector);
    const own = new Error("own");
    client.setSerializer({
      ...defaultSerializer,
      encode: () => {
        throw own;
      },
    });
    expect(await rejection(client.doRemoteCall("os", "getcwd"), Error)).toBe(own);
    expect(operations).toEqual([]);
    client.setSerializer(defaultSerializer);
    expect((await client.doRemoteCall("os", "getcwd")).value).toBe(home);
  });

  test("`~/…` as a working directory is below the home directory, for Python and for Node", async () => {
    await using client = new RemoteClient(connect(carriage).connector);
    expect((await client.doRemoteCall("os", "getcwd", [], { cwd: "~/x" })).value).toBe(join(home, "x"));
    expect((await client.doRemoteCall("node:process", "cwd", [], { cwd: "~/x", runtime: "node" })).value).toBe(join(home, "x"));
  });

  test("options that are frozen, proxies, or undefined are as good as others", async () => {
    await using client = new RemoteClient(connect(carriage).connector, {
      runtime: undefined,
      serializer: undefined,
      sremoteDir: undefined,
    });
    const options = { kwargs: Object.freeze({ reverse: true }), env: undefined, cwd: undefined, timeout: undefined, signal: undefined };
    const list: unknown[] = [Object.freeze([1, 3, 2])];
    expect((await client.doRemoteCall("builtins", "sorted", new Proxy(list, {}), Object.freeze(options))).value).toEqual([3, 2, 1]);
  });

  test("closing one of two clients on one connector closes it for the other; calls under way reject with `closed`", async () => {
    const { connector } = connect(carriage);
    const one = new RemoteClient(connector);
    const other = new RemoteClient(connector);
    await one.doRemoteCall("os", "getcwd");
    const sleeping = rejection(other.doRemoteCall("time", "sleep", [30]), Error);
    await Promise.all([one.close(), one.close()]);
    expect(await sleeping).toMatchObject({ code: "closed" });
    await expect(other.doRemoteCall("os", "getcwd")).rejects.toMatchObject({ code: "closed" });
    await other.close();
  });
});
