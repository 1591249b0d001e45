import { RemoteClient } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostKinds, mainKinds, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

/** Each way that a call travels, and both connectors over ssh. */
const kinds = hostKinds.filter((kind) => mainKinds.includes(kind) || ["ssh", "openssh"].includes(kind.name));

describe.each(kinds)("G02 exit status 255 on $name", (kind) => {
  let host: TestHost;
  let client: RemoteClient;
  beforeAll(async () => {
    host = await kind.start();
    client = new RemoteClient(host.connector);
  });
  afterAll(async () => {
    await client?.close();
    await host?.[Symbol.asyncDispose]();
  });

  test("G02 of a function is the function's, never a failed connection", async () => {
    const ways = [
      client.doRemoteCall("os", "_exit", [255]),
      client.doRemoteCall("sys", "exit", [255]),
      client.doRemoteCall("node:process", "exit", [255], { runtime: "node" }),
      client.doRemoteCall("node:process", "reallyExit", [255], { runtime: "node" }),
    ];
    for (const error of await Promise.all(ways.map((way) => rejection(way, RemoteExecError)))) {
      expect(error).toMatchObject({ code: "exited", outcome: "killed", exitCode: 255 });
    }
  });

  test("G02 of a command is the command's", async () => {
    expect(await host.connector.exec(["sh", "-c", "exit 255"])).toMatchObject({ exitCode: 255, signal: null });
  });

  test("G02 of a program that a function starts reaches the function", async () => {
    expect((await client.doRemoteCall("subprocess", "call", [["sh", "-c", "exit 255"]])).value).toBe(255);
  });
});
