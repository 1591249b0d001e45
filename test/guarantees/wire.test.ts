import { RemoteClient } from "@sremote/client";
import { memory } from "@sremote/connectors/testing";
import { decodeFrame, decodeMessage, encodeMessage, type CallMessage, RemoteExecError, SremoteError } from "@sremote/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Effects, effectModule, newId, plantEffects } from "../support/effects.ts";
import { hostPath, mainKinds, runtimes, stopSshd, type TestHost, withRuntimes } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";
import { payloadPath } from "../support/payload-path.ts";

afterAll(stopSshd);

describe.each(runtimes)("the wire end to end in %s", (runtime) => {
  test("G21 a call of another protocol is answered with protocol-mismatch and nothing of it runs", async () => {
    await using connector = memory({ env: { PATH: hostPath } });
    await using client = new RemoteClient(connector, { runtime, transport: "spool" });
    await plantEffects(connector.directory);
    const deployed = new Effects(connector.directory);
    const { host } = await deployed.call(client, runtime, 0);
    const effects = new Effects(connector.directory);
    const send = async (protocol: number): Promise<{ outcome: string; code: string | undefined }> => {
      const message: CallMessage = {
        type: "call",
        protocol: 1,
        id: newId(),
        module: effectModule[runtime],
        function: "effect",
        args: { json: [effects.path] },
        cwd: "work",
      };
      const frame = encodeMessage({ ...message, protocol }, []);
      const argv = [host.executable, payloadPath(host), "call", "--base", host.base, "-", "-"] as const;
      const { stdout } = await connector.exec(argv, { stdin: frame });
      const reply = decodeMessage(decodeFrame(stdout)).message;
      if (reply.type !== "reply") throw new Error("no reply");
      return { outcome: reply.outcome, code: reply.error?.code };
    };
    for (const other of [0, 2, 99]) expect(await send(other)).toEqual({ outcome: "not-run", code: "protocol-mismatch" });
    expect(await effects.runs()).toEqual([]);
    expect(await send(1)).toEqual({ outcome: "value", code: undefined });
    expect(await effects.runs()).toHaveLength(1);
  });
});

const transports = (["auto", "spool"] as const).flatMap((transport) => runtimes.map((runtime) => ({ transport, runtime })));

describe.each(transports)("limits in $runtime, transport $transport", ({ transport, runtime }) => {
  let connector: ReturnType<typeof memory>;
  let client: RemoteClient;
  beforeEach(async () => {
    connector = memory({ env: { PATH: hostPath } });
    client = new RemoteClient(connector, { runtime, transport });
    await plantEffects(connector.directory);
  });
  afterEach(() => client.close());

  test("G20 nesting 256 deep travels both ways; a level more is refused before it is sent or after it ran", async () => {
    const deep = (levels: number): unknown => (levels === 0 ? 0 : [deep(levels - 1)]);
    const effects = new Effects(connector.directory);
    // args is a list itself, so an argument may nest 255 deep.
    const { value } = await effects.call(client, runtime, deep(255));
    expect(value).toEqual(deep(255));
    const before = connector.operations.length;
    const error = await rejection(effects.call(client, runtime, deep(256)), SremoteError);
    expect(["limit-exceeded", "unserializable-argument"]).toContain(error.code);
    expect(connector.operations).toHaveLength(before);
    const build =
      runtime === "python"
        ? ["builtins", "eval", ["(lambda f: f(f, 257))(lambda f, n: [f(f, n - 1)] if n else 0)"]]
        : ["node:vm", "runInThisContext", ["(function f(n) { return n ? [f(n - 1)] : 0 })(257)"]];
    const result = await rejection(client.doRemoteCall(build[0] as string, build[1] as string, build[2] as unknown[]), RemoteExecError);
    expect(result.code).toMatch(/^(unserializable-result|limit-exceeded)$/);
    expect(result.outcome).toBe("raised");
    expect(result.message).toMatch(/ran/);
  });

  test("G20 a result of 64 MiB of text is a limit error that says that the function ran; the next call works", async () => {
    const large =
      runtime === "python"
        ? (["builtins", "eval", ["'x' * (64 << 20)"]] as const)
        : (["node:vm", "runInThisContext", ["'x'.repeat(64 << 20)"]] as const);
    const error = await rejection(client.doRemoteCall(large[0], large[1], large[2]), RemoteExecError);
    expect(error.code).toMatch(/^(unserializable-result|limit-exceeded)$/);
    expect(error.message).toMatch(/ran/);
    expect((await new Effects(connector.directory).call(client, runtime, "next")).value).toBe("next");
  });
});

describe.each(withRuntimes(mainKinds))("G30 G31 values and output, $name", ({ kind, runtime }) => {
  let host: TestHost;
  let client: RemoteClient;
  beforeAll(async () => {
    host = await kind.start();
    await plantEffects(host.home);
    client = new RemoteClient(host.connector, { runtime });
  });
  afterAll(async () => {
    await client?.close();
    await host?.[Symbol.asyncDispose]();
  });

  test("G30 numbers, strings and names are exact", async () => {
    const values = [
      2 ** 53 - 1,
      -(2 ** 53 - 1),
      2n ** 53n,
      -(2n ** 64n),
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -0,
      5e-324,
      1.7976931348623157e308,
      1e21,
      "\ud800",
      "\udfff x \ud83d\ude00",
      "\0",
      JSON.parse('{"__proto__": 1, "constructor": {"prototype": 2}, "": 3, "a.b\\\\c": 4}'),
    ];
    const { value } = await new Effects(host.home).call(client, runtime, values);
    expect(value).toEqual(values);
    expect(Object.is((value as number[])[6], -0)).toBe(true);
    expect(Object.hasOwn((value as object[]).at(-1)!, "__proto__")).toBe(true);
    expect(({} as { prototype?: unknown }).prototype).toBeUndefined();
  });

  test("G31 all 256 bytes, and output beyond what a reply holds, are exact", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const write = async (data: Uint8Array): Promise<Uint8Array> =>
      (
        await (runtime === "python"
          ? client.doRemoteCall("os", "write", [1, data])
          : client.doRemoteCall("node:fs", "writeSync", [1, data]))
      ).output.stdout.bytes;
    expect(Buffer.from(await write(bytes))).toEqual(bytes);
    const script = "i=0; while [ $i -lt 9 ]; do head -c 1048576 /dev/zero | tr '\\0' '\\377'; i=$((i+1)); done";
    const loud =
      runtime === "python"
        ? await client.doRemoteCall("subprocess", "call", [["sh", "-c", script]])
        : await client.doRemoteCall("node:child_process", "spawnSync", ["sh", ["-c", script], { stdio: "inherit" }]);
    expect(loud.output.stdout).toMatchObject({ total: 9 << 20, truncated: false });
    expect(Buffer.from(loud.output.stdout.bytes).equals(Buffer.alloc(9 << 20, 255))).toBe(true);
  });
});
