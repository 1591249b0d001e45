import { RemoteClient } from "@sremote/client";
import { RemoteExecError, RemoteNotSetupError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostKinds, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

const kinds = hostKinds.filter(({ name }) => ["local", "local without sessions", "three functions"].includes(name));

describe.each(kinds)("what keeps a function from beginning, on $name", (kind) => {
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

  test.each([
    ["python", "os", "getpid", { PYTHONHOME: "/nonexistent" }, /before it began/, /encodings|Fatal Python error/],
    ["node", "node:os", "hostname", { NODE_OPTIONS: "--no-such-option" }, /before it began/, /--no-such-option/],
  ] as const)("variables that break a %s interpreter are told as such: nothing ran", async (runtime, module, fn, env, message, said) => {
    const error = await rejection(client.doRemoteCall(module, fn, [], { runtime, env }), RemoteNotSetupError);
    expect(error).toMatchObject({ code: "endpoint-broken", stage: "setup" });
    expect(error.message).toMatch(message);
    expect(`${error.message}\n${error.details}`).toMatch(said);
    expect((await client.doRemoteCall(module, fn, [], { runtime })).value).toBeDefined();
  });

  test.each(["python", "node"] as const)("a working directory that cannot be made is refused at once, in %s", async (runtime) => {
    const [module, fn] = runtime === "python" ? ["os", "getpid"] : ["node:os", "hostname"];
    const error = await rejection(client.doRemoteCall(module, fn, [], { runtime, cwd: "/proc/nothing/below" }), RemoteExecError);
    expect(error).toMatchObject({ outcome: "not-run", code: "no-such-file" });
  });
});
