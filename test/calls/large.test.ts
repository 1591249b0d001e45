import { createHash, randomBytes } from "node:crypto";
import { RemoteClient } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mainKinds, stopSshd, type TestHost, withRuntimes } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

const mebibyte = 1 << 20;

describe.each(withRuntimes(mainKinds))("large values and output, $name", ({ kind, runtime }) => {
  let host: TestHost;
  let client: RemoteClient;
  beforeAll(async () => {
    host = await kind.start();
    client = new RemoteClient(host.connector, { runtime });
  });
  afterAll(async () => {
    await client?.close();
    await host?.[Symbol.asyncDispose]();
  });

  /** Prints `count` bytes, the lowest byte of each position. */
  const print = (count: number, options = {}) =>
    runtime === "python"
      ? client.doRemoteCall(
          "builtins",
          "exec",
          [
            `import os\ndata = bytes(range(256)) * ${Math.ceil(count / 256)}\nleft = memoryview(data)[:${count}]\nwhile left: left = left[os.write(1, left):]`,
          ],
          options,
        )
      : client.doRemoteCall(
          "node:child_process",
          "execFileSync",
          [
            process.execPath,
            ["-e", `process.stdout.write(Buffer.alloc(${count}, Buffer.from(Array.from({ length: 256 }, (_, i) => i))))`],
            { stdio: "inherit" },
          ],
          options,
        );
  const pattern = (count: number): Buffer => Buffer.alloc(count, Buffer.from(Array.from({ length: 256 }, (_, index) => index)));
  const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

  test("20 MiB of output, more than a reply carries, arrive exactly", async () => {
    const { output } = await print(20 * mebibyte);
    expect(output.stdout).toMatchObject({ total: 20 * mebibyte, truncated: false });
    expect(digest(output.stdout.bytes)).toBe(digest(pattern(20 * mebibyte)));
  });

  test("output beyond outputLimit is cut, and that is told; limits at n−1, n and n+1", async () => {
    for (const [count, truncated] of [
      [4095, false],
      [4096, false],
      [4097, true],
    ] as const) {
      const { output } = await print(count, { outputLimit: 4096 });
      expect(output.stdout).toMatchObject({ total: count, truncated });
      expect(Buffer.from(output.stdout.bytes).equals(pattern(Math.min(count, 4096)))).toBe(true);
    }
  });

  // Over sessions test/sessions/flow.test.ts does this, and looks at memory as well.
  if (isNightly || kind.carriage !== "session") {
    test("64 MiB of bytes there and back", async () => {
      const bytes = randomBytes(64 * mebibyte);
      const { value } =
        runtime === "python"
          ? await client.doRemoteCall<Uint8Array>("builtins", "bytes", [bytes])
          : await client.doRemoteCall<Uint8Array>("node:buffer", "Buffer.from", [bytes]);
      expect(value.byteLength).toBe(bytes.byteLength);
      expect(digest(value)).toBe(digest(bytes));
    });
  }

  test("output printed before a failure is in the error", async () => {
    const failing =
      runtime === "python"
        ? client.doRemoteCall("builtins", "exec", ["print('before'); raise ValueError('x')"])
        : client.doRemoteCall("node:vm", "runInThisContext", ["process.stdout.write('before\\n'); throw new RangeError('x')"]);
    const error = await rejection(failing, RemoteExecError);
    expect(error.stdout).toBe("before\n");
  });
});
